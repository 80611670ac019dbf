package dev.lora4j.lora;

import dev.lora4j.nn.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code ‖W + s B A‖} of each output of a layer, without the sum itself: row by row it is {@code
 * ‖W‖² + Σ B ∘ (2s W Aᵀ + s² B (A Aᵀ))}. It is computed again only when W, A or B has changed: once
 * a step of training, whatever the number of workers and micro-batches, and never in inference.
 */
final class AdaptedNorm implements AutoCloseable {
  private final Update update;
  private @Nullable Tensor squaredOfBase; // [out]
  private @Nullable Tensor norm; // [out]
  private long baseVersion;
  private long factorsVersion;

  AdaptedNorm(Update update) {
    this.update = update;
  }

  /** {@code [out]}, a constant for autograd (DoRA paper, §4.3). */
  synchronized Tensor get() {
    long base = update.base().weight().version();
    long factors = update.a().version() * 31 + update.b().version();
    Tensor known = norm;
    if (known == null || base != baseVersion || factors != factorsVersion) {
      known = compute(base);
      factorsVersion = factors;
    }
    return known.detach(); // a handle of the caller's own
  }

  private Tensor compute(long base) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      double scaling = update.factor();
      Tensor w = update.asMatrix(update.base().weight().value());
      Tensor a = update.downFactor().flatten(1, -1);
      Tensor b = update.upFactor().flatten(1, -1);
      Tensor cross =
          w.mm(a.t().contiguous())
              .addmm_(b, a.mm(a.t()), new Scalar(2 * scaling), new Scalar(scaling * scaling));
      Tensor squared = squaredOfBase(w, base).add(b.mul(cross).sum(1));
      free(norm);
      Tensor fresh = Ops.keep(squared.clamp_min_(new Scalar(0)).sqrt_());
      norm = fresh;
      return fresh;
    }
  }

  private Tensor squaredOfBase(Tensor w, long version) {
    Tensor known = squaredOfBase;
    if (known == null || version != baseVersion) {
      free(known);
      known = Ops.keep(w.square().sum(1));
      squaredOfBase = known;
      baseVersion = version;
    }
    return known;
  }

  private static void free(@Nullable Tensor tensor) {
    if (tensor != null) {
      tensor.deallocate();
    }
  }

  @Override
  public synchronized void close() {
    free(squaredOfBase);
    free(norm);
  }
}
