package dev.lora4j.lora.layer;

import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The norm {@code ‖W + s B A‖} of each output of a layer, computed without the sum: row by row,
 * {@code ‖W‖² + Σ B ∘ (2s W Aᵀ + s² B (A Aᵀ))}. It is cached until W, A or B changes; threads that
 * need it at the same time compute a part of the outputs each.
 */
final class DoraNorm implements AutoCloseable {
  private final FactoredDelta delta;
  private final long outputs;
  private final int parts;
  private @Nullable Tensor squaredOfBase; // [out]
  private @Nullable Tensor norm; // [out]
  private CooperativeTask work = new CooperativeTask(0);
  private long baseVersion;
  private long factorsVersion;

  DoraNorm(FactoredDelta delta) {
    this.delta = delta;
    outputs = delta.base().outFeatures();
    int cores = Runtime.getRuntime().availableProcessors();
    parts =
        Math.toIntExact(Math.max(1, Math.min(cores, outputs / CostModel.DORA_NORM_MIN_OUTPUTS)));
  }

  /** Returns the norm, {@code [out]}, a constant for autograd (DoRA paper, §4.3). */
  Tensor get() {
    Tensor own;
    Tensor squared;
    CooperativeTask joint;
    synchronized (this) {
      own = current().detach();
      squared = squared().detach();
      joint = work;
    }
    joint.finish(part -> compute(part, own, squared));
    return own;
  }

  /** Returns the norm of the present weights, which other threads may still be computing. */
  private Tensor current() {
    long factors = delta.a().version() * 31 + delta.b().version();
    Tensor known = norm;
    if (known != null
        && factors == factorsVersion
        && baseVersion == delta.base().store().version()
        && !work.hasFailed()) {
      return known;
    }
    free(known);
    Tensor fresh = Ops.keep(torch.empty_like(squared()));
    norm = fresh;
    work = new CooperativeTask(parts);
    factorsVersion = factors;
    return fresh;
  }

  private Tensor squared() {
    long version = delta.base().store().version();
    Tensor known = squaredOfBase;
    if (known != null && version == baseVersion) {
      return known;
    }
    free(known);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      List<Tensor> squares = new ArrayList<>();
      pieces(0, outputs, (from, rows) -> squares.add(Ops.keep(rows.square().sum(1))));
      squares.forEach(Ops::giveToScope);
      Tensor fresh = Ops.keep(Ops.join(0, squares.toArray(Tensor[]::new)));
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
      pieces(from, count, (first, rows) -> compute(first, rows, all, squared));
    }
  }

  /** Computes the norms of outputs whose rows of W are these. */
  private void compute(long first, Tensor rows, Tensor all, Tensor squared) {
    double scaling = delta.factor();
    long count = rows.size(0);
    Tensor a = delta.effectiveA().flatten(1, -1);
    Tensor b = delta.effectiveB().flatten(1, -1).narrow(0, first, count);
    Tensor cross =
        Ops.linear(a, rows, null) // (W Aᵀ)ᵀ
            .t()
            .addmm(b, a.mm(a.t()), new Scalar(2 * scaling), new Scalar(scaling * scaling));
    Tensor sum = squared.narrow(0, first, count).add(b.mul(cross).sum(1));
    all.narrow(0, first, count).copy_(sum.clamp_min_(new Scalar(0)).sqrt_());
  }

  @FunctionalInterface
  private interface Piece {
    void accept(long first, Tensor rows);
  }

  /** Passes outputs' rows of W, {@code [n, in]} in the factors' dtype, as many as the store has. */
  private void pieces(long from, long count, Piece piece) {
    boolean byRows = delta.base().outputAxis() == 0;
    long atOnce = byRows ? Math.min(count, delta.base().store().rowsAtOnce()) : count;
    for (long first = from; first < from + count; first += atOnce) {
      try (PointerScope scope = new PointerScope()) {
        piece.accept(first, weight(first, Math.min(atOnce, from + count - first)));
      }
    }
  }

  private Tensor weight(long from, long count) {
    WeightStore store = delta.base().store();
    Tensor rows =
        delta.base().outputAxis() == 0
            ? delta.asMatrix(store.rows(from, count))
            : delta.asMatrix(store.dense()).narrow(0, from, count);
    return rows.to(delta.a().value().dtype());
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
