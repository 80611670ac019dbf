package dev.lora4j.nn.kernel;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Products shared by a team equal those of one thread. Tolerance 1e-5, relative. */
class ParallelGemvTest {
  private static final double TOLERANCE = 1e-5;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void outputsAreSharedAmongThreads(int threads) {
    Engine.seed(threads);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor x = torch.randn(1, 1, 512);
      Linear layer = new Linear(512, 301);
      Tensor alone = layer.forward(x);

      TensorAssert.assertThat(helped(threads, () -> layer.forward(x))).isCloseTo(alone, TOLERANCE);
    }
  }

  interface Work {
    Tensor done();
  }

  static Tensor helped(int threads, Work work) {
    try (Workers workers = new Workers(threads);
        ThreadTeam crew = ThreadTeam.open(workers.count(), part -> workers.run(part::accept))) {
      return work.done();
    }
  }
}
