package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class StagedTest {

  @Property(tries = 20)
  void prefixAndSuffixComposeTheForward(
      @ForAll @IntRange(min = 0, max = 3) int stage,
      @ForAll @IntRange(min = 1, max = 5) int batch) {
    try (PointerScope scope = new PointerScope();
        Mlp net = new Mlp()) {
      Tensor input = torch.randn(batch, Mlp.IN);

      Tensor output = net.forwardFrom(net.forwardBefore(input, stage), stage);

      TensorAssert.assertThat(output).isExactly(net.forward(input));
    }
  }

  @Test
  void stagesAreFrozenUpToTheFirstTrainableOne() {
    try (Mlp net = new Mlp()) {
      assertThat(net.frozenStages()).isZero();

      net.find("fc1").freeze();
      net.find("head").freeze();
      assertThat(net.frozenStages()).isEqualTo(1);

      net.find("block").freeze();
      assertThat(net.frozenStages()).isEqualTo(3);
    }
  }

  @Test
  void randomStageIsNotFrozenInTraining() {
    try (Sequential net =
        new Sequential(Activation.relu(), new Dropout(0), new Dropout(0.5), new Linear(1, 1))) {
      assertThat(net.frozenStages()).isEqualTo(2);

      net.train(false);
      assertThat(net.frozenStages()).isEqualTo(3);
    }
  }
}
