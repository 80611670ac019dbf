package dev.lora4j.lora;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.runtime.Engine;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Rows of many adapters in one batch, run by run. */
class AdapterRunsTest {
  private static final double TOLERANCE = 1e-5;
  private static final long WIDTH = 96;
  private static final int ADAPTERS = 40;

  private final Sequential net = new Sequential(new Linear(WIDTH, WIDTH));
  private final LoraModel model = Lora.base(net);

  AdapterRunsTest() {
    Engine.seed(1);
    LoraConfig config = LoraConfig.rank(8).alpha(4).targets(Targets.named("0"));
    for (int i = 0; i < ADAPTERS; i++) {
      model.add("a" + i, i % 3 == 0 ? config.dora(true) : config);
      try (NoGradGuard guard = new NoGradGuard()) {
        model.parameters("a" + i).forEach(p -> p.value().normal_(0.1, 0.3, null));
      }
    }
    net.train(false);
  }

  private LoraLayer layer() {
    return requireNonNull(model.layers().get("0"));
  }

  private List<String> runsOf(int length) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < ADAPTERS; i++) {
      names.addAll(Collections.nCopies(length, i == 7 ? LoraModel.BASE : "a" + i));
    }
    return names;
  }

  private boolean pay(List<String> names) {
    PerRowAdapters rows = new PerRowAdapters(model.adapters().ofRows(names));
    List<LoraDelta> deltas =
        rows.adapters().stream().map(adapter -> adapter.delta(layer())).toList();
    return AdapterRuns.pay(
        layer(), deltas, AdapterRuns.Run.of(model.adapters().ofRows(names)), names.size());
  }

  @Test
  void longRunsOfManyAdaptersArePreferredToOneProductOfAllRanks() {
    assertThat(pay(runsOf(20))).isTrue();
    assertThat(pay(runsOf(1))).isFalse();
    List<String> two = new ArrayList<>(Collections.nCopies(200, "a1"));
    two.addAll(Collections.nCopies(200, "a2"));
    assertThat(pay(two)).isFalse();
  }

  @Test
  void eachRowOfARunEqualsItsOutputAlone() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      for (int length : new int[] {1, 20}) {
        List<String> names = runsOf(length);
        Tensor x = torch.randn(names.size(), WIDTH);
        Tensor mixed;
        try (AdapterScope rows = MixedBatch.using(model, names)) {
          mixed = net.forward(x);
        }

        for (int row = 0; row < names.size(); row += length) {
          String name = names.get(row);
          try (AdapterScope one =
              name.equals(LoraModel.BASE) ? model.disabled() : model.using(name)) {
            TensorAssert.assertThat(mixed.narrow(0, row, length))
                .as(name)
                .isCloseTo(net.forward(x.narrow(0, row, length)), TOLERANCE);
          }
        }
      }
    }
  }

  @Test
  void gradientsReachTheAdapterOfEachRun() {
    try (PointerScope scope = new PointerScope()) {
      List<String> names = runsOf(20);
      Tensor x = torch.randn(names.size(), WIDTH);
      Tensor only = torch.zeros(names.size(), WIDTH);
      only.narrow(0, 40, 20).fill_(torch.ones(1).squeeze());

      try (AdapterScope rows = MixedBatch.using(model, names)) {
        net.forward(x).mul(only).sum().backward();
      }

      assertThat(norm("a2")).isPositive();
      assertThat(norm("a3")).isZero();
    }
  }

  private double norm(String adapter) {
    return model.parameters(adapter).stream()
        .mapToDouble(p -> p.value().grad().defined() ? p.value().grad().norm().item_double() : 0)
        .sum();
  }

  @Test
  void anotherNumberOfRowsIsRefused() {
    try (PointerScope scope = new PointerScope();
        AdapterScope rows = MixedBatch.using(model, runsOf(20))) {
      assertThatThrownBy(() -> net.forward(torch.randn(3, WIDTH)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("batch of 800 rows");
    }
  }

  @Test
  void modulesSavedWholeMustLieOutsideThePart() {
    Sequential whole = new Sequential(new Linear(4, 4), new Linear(4, 2));
    LoraModel two = Lora.base(whole);
    LoraConfig config = LoraConfig.rank(1).targets(Targets.named("0")).modulesToSave("1");
    two.add("saved", config);

    assertThat(MixedBatch.suits(two, whole, List.of("saved"))).isFalse();
    assertThat(MixedBatch.suits(two, whole.find("0"), List.of("saved", LoraModel.BASE))).isTrue();
  }
}
