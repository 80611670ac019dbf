package dev.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.train.Workers;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What threads share is what one computes alone. Tolerance 1e-5, relative. */
class CrewProductTest {
  private static final double TOLERANCE = 1e-5;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void manyRowsAreDealt(int threads) {
    Engine.seed(threads);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor x = torch.randn(1, 101, 256);
      Linear layer = new Linear(256, 130);
      Tensor alone = layer.forward(x);

      TensorAssert.assertThat(helped(threads, () -> layer.forward(x))).isCloseTo(alone, TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void headsAreDealt(int threads) {
    Engine.seed(threads);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor q = torch.randn(2, 9, 70, 16);
      Tensor k = torch.randn(2, 3, 70, 16);
      Tensor v = torch.randn(2, 3, 70, 16);
      Tensor alone = Ops.attention(q, k, v, null, true, 0);

      Tensor shared = helped(threads, () -> Ops.attention(q, k, v, null, true, 0));

      TensorAssert.assertThat(shared).isCloseTo(alone, TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void rowsAreNormalisedAndGatedByAll(int threads) {
    Engine.seed(threads);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        RmsNorm norm = new RmsNorm(512)) {
      Tensor x = torch.randn(1, 301, 512);
      Tensor other = torch.randn(1, 301, 512);

      TensorAssert.assertThat(helped(threads, () -> norm.forward(x)))
          .isCloseTo(norm.forward(x), TOLERANCE);
      TensorAssert.assertThat(helped(threads, () -> Ops.siluTimes(x.clone(), other)))
          .isCloseTo(Ops.siluTimes(x.clone(), other), TOLERANCE);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void siblingsGiveWhatEachGives(int threads) {
    Engine.seed(threads);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Family family = new Family()) {
      Tensor row = torch.randn(1, 1, 512);
      List<Tensor> alone = family.siblings.forward(row);

      Tensor[] shared = new Tensor[2];
      helped(
          threads,
          () -> {
            List<Tensor> made = family.siblings.forward(row);
            made.toArray(shared);
            return made.get(0);
          });

      assertThat(alone).hasSize(2);
      for (int i = 0; i < shared.length; i++) {
        TensorAssert.assertThat(shared[i]).isCloseTo(alone.get(i), TOLERANCE);
      }
    }
  }

  private static final class Family extends Module {
    private final Siblings siblings =
        new Siblings(child("a", new Linear(512, 301)), child("b", Linear.withoutBias(512, 17)));

    @Override
    public Tensor forward(Tensor input) {
      return siblings.forward(input).get(0);
    }
  }

  interface Work {
    Tensor done();
  }

  static Tensor helped(int threads, Work work) {
    try (Workers workers = new Workers(threads);
        Crew crew = Crew.help(workers.count(), part -> workers.run(part::accept))) {
      return work.done();
    }
  }
}
