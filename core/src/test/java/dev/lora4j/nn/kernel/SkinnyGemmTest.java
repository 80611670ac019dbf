package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The product of few rows equals that of many, by any kernel. Tolerance: 3e-7 of the sum of the
 * absolute terms, {@code |x| |W|ᵀ + |b|}; an output itself can be small by cancellation.
 */
class SkinnyGemmTest {
  private static final double TOLERANCE = 3e-7;

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
    Tensor terms = torch.linear(row.abs(), weight.abs(), new TensorOptional());
    Tensor allowed = (bias == null ? terms : terms.add(bias.abs())).mul(new Scalar(TOLERANCE));
    assertWithin(allowed, expected, Ops.linear(row, weight, bias));
    assertWithin(allowed, expected, Ops.linear(row.unsqueeze(0), weight, bias).squeeze(0));
  }

  private static void assertWithin(Tensor allowed, Tensor expected, Tensor found) {
    assertThat(Ops.shape(found)).isEqualTo(Ops.shape(expected));
    assertThat(found.sub(expected).abs().le(allowed).all().item_bool()).isTrue();
  }
}
