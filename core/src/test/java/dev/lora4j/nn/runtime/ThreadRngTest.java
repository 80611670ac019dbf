package dev.lora4j.nn.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ThreadRngTest {
  private static final Dropout HALF = new Dropout(0.5);

  @Test
  void sameSeedGivesTheSameMaskWhateverElseIsDrawn() {
    try (PointerScope scope = new PointerScope();
        ThreadRng own = new ThreadRng()) {
      Tensor x = torch.ones(1_000);
      own.enter();
      own.seed(7);
      Tensor first = HALF.forward(x);
      torch.rand(5);
      Tensor state = own.state();
      Tensor second = HALF.forward(x);
      own.seed(7);
      TensorAssert.assertThat(HALF.forward(x)).isExactly(first);
      own.restore(state);
      TensorAssert.assertThat(HALF.forward(x)).isExactly(second);
      own.leave();

      assertThat(first.sum().item_double()).isCloseTo(1_000, within(100.0));
      assertThat(first.eq(second).all().item_bool()).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource({"0.1", "0.5", "0.9"})
  void masksDropWithTheirProbability(double probability) {
    try (PointerScope scope = new PointerScope();
        ThreadRng own = new ThreadRng()) {
      own.seed(11);
      Tensor like = torch.empty(301, 333); // an odd number of elements
      Tensor mask = own.mask(like, probability);
      Tensor dropped = mask.eq(new Scalar(0)).to(torch.ScalarType.Float);

      assertThat(Ops.shape(mask)).containsExactly(301, 333);
      assertThat(mask.max().item_double()).isCloseTo(1 / (1 - probability), within(1e-6));
      double deviation = Math.sqrt(probability * (1 - probability) / mask.numel());
      assertThat(dropped.mean().item_double()).isCloseTo(probability, within(4 * deviation));
      Tensor neighbours = dropped.narrow(1, 0, 332).mul(dropped.narrow(1, 1, 332));
      assertThat(neighbours.mean().item_double())
          .isCloseTo(probability * probability, within(4 * deviation));
    }
  }

  @Test
  void initialValuesAreThoseOfTheSeededDefaultGenerator() {
    try (PointerScope scope = new PointerScope();
        ThreadRng own = new ThreadRng()) {
      Engine.seed(5);
      Tensor uniform = Init.kaimingUniform(40, 30);
      Tensor normal = torch.randn(40, 30);
      Tensor few = torch.randn(3, 2);
      own.enter();
      own.seed(5);
      torch.rand(5);

      TensorAssert.assertThat(Init.kaimingUniform(40, 30)).isExactly(uniform);
      TensorAssert.assertThat(Init.normal(0, 1, 40, 30)).isExactly(normal);
      TensorAssert.assertThat(Init.normal(0, 1, 3, 2)).isExactly(few);
      own.leave();
    }
  }

  @Test
  void threadThatLeftDrawsFromTheDefaultGenerator() {
    try (PointerScope scope = new PointerScope();
        ThreadRng own = new ThreadRng()) {
      own.enter();
      own.leave();
      Engine.seed(3);
      Tensor first = HALF.forward(torch.ones(100));
      Engine.seed(3);
      TensorAssert.assertThat(HALF.forward(torch.ones(100))).isExactly(first);
    }
  }

  /** With almost no dropout, attention operator by operator equals libtorch's. */
  @ParameterizedTest
  @CsvSource({"4, 4, true, false", "4, 2, true, false", "4, 2, false, true", "4, 1, false, false"})
  void attentionThatDropsIsAttention(int heads, int groups, boolean causal, boolean masked) {
    try (PointerScope scope = new PointerScope();
        ThreadRng own = new ThreadRng()) {
      Tensor q = torch.randn(2, heads, 5, 8);
      Tensor k = torch.randn(2, groups, 5, 8);
      Tensor v = torch.randn(2, groups, 5, 8);
      @Nullable Tensor mask = masked ? torch.randn(2, 1, 5, 5) : null;
      Tensor expected = Ops.attention(q, k, v, mask, causal, Optional.empty(), 0);
      own.enter();
      TensorAssert.assertThat(Ops.attention(q, k, v, mask, causal, Optional.empty(), 1e-9))
          .isCloseTo(expected, 1e-6);
      assertThat(
              Ops.attention(q, k, v, mask, causal, Optional.empty(), 0.5)
                  .eq(expected)
                  .all()
                  .item_bool())
          .isFalse();
      own.leave();
    }
  }
}
