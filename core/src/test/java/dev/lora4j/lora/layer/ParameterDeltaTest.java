package dev.lora4j.lora.layer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.PeftNetworks;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Module;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ParameterDeltaTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).targets(Targets.none()).targetParameters("first.up");

  private final PointerScope scope = new PointerScope();
  private final Module net = PeftNetworks.named("moe");
  private final LoraModel model = Lora.base(net);
  private final Tensor input = torch.randn(3, 6);

  @AfterEach
  void close() {
    net.close();
    scope.close();
  }

  private Tensor answer() {
    try (NoGradGuard guard = new NoGradGuard()) {
      return net.forward(input);
    }
  }

  private void addTrained(String name) {
    model.add(name, CONFIG);
    model.parameters(name).forEach(p -> p.copyFrom(torch.randn(p.shape())));
  }

  @Test
  void twoDeltasOnOneParameterAreMergedOnceEach() {
    addTrained("one");
    addTrained("two");
    model.activate("one", "two");
    Tensor adapted = answer();

    model.merge();

    TensorAssert.assertThat(answer()).isCloseTo(adapted, 1e-5);
  }

  @Test
  void unmergingRestoresTheBase() {
    Tensor base = answer();
    addTrained("one");
    model.activate("one");
    model.merge();
    model.unmerge();
    model.activate();

    TensorAssert.assertThat(answer()).isExactly(base);
  }

  @Test
  void oneDimensionalParameterIsRefused() {
    LoraConfig config = LoraConfig.rank(2).targets(Targets.none()).targetParameters("head.bias");

    assertThatThrownBy(() -> model.add("one", config))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("two or three dimensions, found [3]");
  }
}
