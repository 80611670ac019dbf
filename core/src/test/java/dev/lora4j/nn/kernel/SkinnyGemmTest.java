package dev.lora4j.nn.kernel;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The product of few rows equals that of many, by any kernel. Tolerance 1e-6, relative. */
class SkinnyGemmTest {
  private static final double TOLERANCE = 1e-6;

  @Property(tries = 20)
  void oneRowEqualsTheRowAmongOthers(
      @ForAll @IntRange(min = 1, max = 40) int in,
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll boolean withBias) {
    Engine.seed(in * 41L + out);
    try (PointerScope scope = new PointerScope()) {
      Tensor weight = torch.randn(out, in);
      check(torch.randn(3, in), weight, withBias ? torch.randn(out) : null);
    }
  }

  @Property(tries = 5)
  void teamSizeDoesNotChangeTheResult(@ForAll @IntRange(min = 1, max = 3) int threads) {
    Engine.seed(threads);
    try (PointerScope scope = new PointerScope();
        Workers workers = new Workers(threads);
        NoGradGuard guard = new NoGradGuard();
        ThreadTeam crew = ThreadTeam.open(workers.count(), part -> workers.run(part::accept))) {
      check(torch.randn(3, 256), torch.randn(1_031, 256), torch.randn(1_031));
      check(torch.randn(3, 256), torch.randn(256, 1_031).t(), null); // as in GPT-2
    }
  }

  private static void check(Tensor rows, Tensor weight, @Nullable Tensor bias) {
    Tensor expected = Ops.linear(rows, weight, bias).narrow(0, 1, 1);
    Tensor row = rows.narrow(0, 1, 1);
    TensorAssert.assertThat(Ops.linear(row, weight, bias)).isCloseTo(expected, TOLERANCE);
    TensorAssert.assertThat(Ops.linear(row.unsqueeze(0), weight, bias))
        .isCloseTo(expected.unsqueeze(0), TOLERANCE);
  }
}
