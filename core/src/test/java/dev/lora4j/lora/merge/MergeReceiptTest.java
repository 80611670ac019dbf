package dev.lora4j.lora.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.AdaptedMlp;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.LoraLinear;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class MergeReceiptTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2);

  private static Tensor input() {
    return torch.randn(5, Mlp.IN);
  }

  @Property(tries = 20)
  void float32MergeHardlyChangesTheOutput(@ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained = AdaptedMlp.trained(CONFIG, seed)) {
      Tensor input = input();
      Tensor before = trained.model.forward(input);
      double size = before.abs().max().item_double();

      MergeReceipt receipt = trained.model.merge(List.of(input, input()), MergeLimits.none());

      assertThat(trained.model.isMerged()).isTrue();
      assertThat(receipt.samples()).isEqualTo(2);
      assertThat(receipt.largest()).isLessThan(1e-4 * (1 + size));
      assertThat(receipt.mean()).isBetween(0.0, receipt.largest());
      assertThat(receipt.divergence()).isCloseTo(0, within(1e-4 * (1 + size)));
    }
  }

  /**
   * W = [[256, −256], [0, 0]] and B A = [[1, 0], [0, 0]] in bfloat16, whose values are 2 apart
   * there: 256 + 1 is 256. For x = (1, 1) the outputs are (1, 0), and (0, 0) when merged.
   */
  private static LoraModel lossy(Sequential net) {
    LoraModel model = Lora.adapt(net, LoraConfig.rank(1));
    net.namedParameters()
        .values()
        .forEach(p -> p.replaceValue(p.value().detach().to(ScalarType.BFloat16)));
    weight(net).copyFrom(Ops.tensor(new float[] {256, -256, 0, 0}, 2, 2));
    model.parameters("default").get(0).copyFrom(Ops.tensor(new float[] {1, 0}, 1, 2));
    model.parameters("default").get(1).copyFrom(Ops.tensor(new float[] {1, 0}, 2, 1));
    return model;
  }

  private static Parameter weight(Sequential net) {
    return ((LoraLinear) net.find("0")).pretrained().weight();
  }

  private static List<Tensor> samples() {
    return List.of(Ops.ones(1, 2).to(ScalarType.BFloat16));
  }

  @Test
  void receiptEqualsValuesComputedByHand() {
    try (PointerScope scope = new PointerScope();
        Sequential net = new Sequential(Linear.withoutBias(2, 2))) {
      MergeReceipt receipt = lossy(net).merge(samples(), MergeLimits.none());

      double p = 1 / (1 + Math.exp(-1)); // softmax(1, 0) against one half each
      double divergence = p * Math.log(2 * p) + (1 - p) * Math.log(2 * (1 - p));
      assertThat(receipt.largest()).isEqualTo(1);
      assertThat(receipt.mean()).isEqualTo(0.5);
      assertThat(receipt.divergence()).isCloseTo(divergence, within(1e-12));
      assertThat(receipt.agreement()).isEqualTo(1);
      assertThat(receipt)
          .hasToString(
              "merged, compared on 1 samples: outputs at most 1.00 apart, 0.500 on average; KL"
                  + " divergence 0.111 nats; 100.00 % of top-1 predictions the same");
    }
  }

  @Test
  void mergeBeyondItsLimitsIsUndoneBitForBit() {
    try (PointerScope scope = new PointerScope();
        Sequential net = new Sequential(Linear.withoutBias(2, 2))) {
      LoraModel model = lossy(net);
      Tensor before = weight(net).value().detach().clone();

      assertThatThrownBy(() -> model.merge(samples(), MergeLimits.largest(0.5).divergence(0.1)))
          .isInstanceOf(UserError.class)
          .hasMessage(
              """
              the merge was undone, the base is unchanged:
                outputs differ by 1.00, at most 0.500 allowed
                the KL divergence is 0.111 nats, at most 0.100 allowed""");

      assertThat(model.isMerged()).isFalse();
      TensorAssert.assertThat(weight(net).value()).isExactly(before);
      TensorAssert.assertThat(model.forward(samples().get(0))).hasExactly(1, 0);
    }
  }

  @Test
  void nanWeightsAreRefused() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained = AdaptedMlp.trained(CONFIG, 3)) {
      Parameter b = trained.model.parameters("default").get(1);
      b.copyFrom(torch.full(b.shape(), new Scalar(Float.POSITIVE_INFINITY)));
      Map<String, Tensor> before =
          trained.net.stateDict().entrySet().stream()
              .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().detach().clone()));

      assertThatThrownBy(() -> trained.model.merge(List.of(input()), MergeLimits.none()))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("fc1.weight contains NaN or Inf");

      assertThat(trained.model.isMerged()).isFalse();
      TensorAssert.assertSameState(trained.net.stateDict(), before);
    }
  }

  @Test
  void eachExceededLimitIsReportedWithItsValue() {
    MergeLimits limits = MergeLimits.largest(0.1).divergence(0.01).agreement(0.9);

    assertThat(limits.brokenBy(new MergeReceipt(1, 0.1, 0, 0.01, 0.9))).isEmpty();
    assertThat(limits.brokenBy(new MergeReceipt(1, 0.2, 0, 0.02, 0.5)))
        .containsExactly(
            "outputs differ by 0.200, at most 0.100 allowed",
            "the KL divergence is 0.0200 nats, at most 0.0100 allowed",
            "50.00 % of top-1 predictions are the same, at least 90.00 % required");
    assertThat(MergeLimits.none().brokenBy(new MergeReceipt(1, Double.NaN, 0, 0, 1))).hasSize(1);
    assertThatThrownBy(() -> MergeLimits.largest(-1)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> MergeLimits.none().agreement(2)).isInstanceOf(UserError.class);
  }

  @Test
  void trainingModeIsRestored() {
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained = AdaptedMlp.trained(CONFIG.dropout(0.5), 4)) {
      trained.net.train(true);

      MergeReceipt receipt = trained.model.merge(List.of(input()), MergeLimits.largest(1e-2));

      assertThat(receipt.agreement()).isEqualTo(1);
      assertThat(trained.net.isTraining()).isTrue();
      assertThatThrownBy(() -> trained.model.merge(List.of(), MergeLimits.none()))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("no samples");
    }
  }
}
