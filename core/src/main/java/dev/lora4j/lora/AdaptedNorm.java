package dev.lora4j.lora;

import dev.lora4j.nn.Ops;
import dev.lora4j.row.CostModel;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * {@code ‖W + s B A‖} of each output of a layer, without the sum itself: row by row it is {@code
 * ‖W‖² + Σ B ∘ (2s W Aᵀ + s² B (A Aᵀ))}. It is computed again only when W, A or B has changed: once
 * a step of training, whatever the number of workers and micro-batches, and never in inference.
 * Threads that want it at the same time compute some of the outputs each.
 */
final class AdaptedNorm implements AutoCloseable {
  private final Update update;
  private final long outputs;
  private final int parts;
  private @Nullable Tensor squaredOfBase; // [out]
  private @Nullable Tensor norm; // [out]
  private JointWork work = new JointWork(0);
  private long baseVersion;
  private long factorsVersion;

  AdaptedNorm(Update update) {
    this.update = update;
    outputs = update.base().store().shape()[update.base().outputAxis()];
    int cores = Runtime.getRuntime().availableProcessors();
    parts =
        Math.toIntExact(Math.max(1, Math.min(cores, outputs / CostModel.DORA_NORM_MIN_OUTPUTS)));
  }

  /** {@code [out]}, a constant for autograd (DoRA paper, §4.3). */
  Tensor get() {
    Tensor own;
    Tensor squared;
    JointWork joint;
    synchronized (this) {
      own = current().detach();
      squared = squared().detach();
      joint = work;
    }
    joint.finish(part -> compute(part, own, squared));
    return own;
  }

  /** The norm of the present state, which may be in the works still. */
  private Tensor current() {
    long factors = update.a().version() * 31 + update.b().version();
    Tensor known = norm;
    if (known != null
        && factors == factorsVersion
        && baseVersion == update.base().store().version()
        && !work.hasFailed()) {
      return known;
    }
    free(known);
    Tensor fresh = Ops.keep(torch.empty_like(squared()));
    norm = fresh;
    work = new JointWork(parts);
    factorsVersion = factors;
    return fresh;
  }

  private Tensor squared() {
    long version = update.base().store().version();
    Tensor known = squaredOfBase;
    if (known != null && version == baseVersion) {
      return known;
    }
    free(known);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor fresh = Ops.keep(weight(0, outputs).square().sum(1));
      squaredOfBase = fresh;
      baseVersion = version;
      return fresh;
    }
  }

  private void compute(int part, Tensor all, Tensor squared) {
    long from = outputs * part / parts;
    long count = outputs * (part + 1) / parts - from;
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      double scaling = update.factor();
      Tensor a = update.downFactor().flatten(1, -1);
      Tensor b = update.upFactor().flatten(1, -1).narrow(0, from, count);
      Tensor cross =
          Ops.linear(a, weight(from, count), null) // (W Aᵀ)ᵀ
              .t()
              .addmm(b, a.mm(a.t()), new Scalar(2 * scaling), new Scalar(scaling * scaling));
      Tensor sum = squared.narrow(0, from, count).add(b.mul(cross).sum(1));
      all.narrow(0, from, count).copy_(sum.clamp_min_(new Scalar(0)).sqrt_());
    }
  }

  /** Rows of the base's weight as {@code [count, in]}, in the factors' dtype. */
  private Tensor weight(long from, long count) {
    Tensor rows = update.asMatrix(update.base().store().dense()).narrow(0, from, count);
    return rows.to(update.a().value().dtype());
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
