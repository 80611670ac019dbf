package dev.lora4j.lora.layer;

import dev.lora4j.UserError;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The deltas of one layer for a batch whose rows have different adapters, as one: the A's of all
 * adapters stacked, the B's side by side, and in between a mask that keeps each row's own features
 * and scales them, {@code y + B ((A x) ∘ mask)}. The number of matrix products does not grow with
 * the number of adapters.
 */
public final class MixedBatchDelta implements LayerDelta, AutoCloseable {
  private final List<LoraDelta> deltas;
  private final List<Optional<LoraDelta>> ofRows;
  private final FactoredDelta layout; // they differ in their values only
  private final long[] versions;
  private final Tensor a; // [ranks, in…]
  private final Tensor b; // [out, ranks…]
  private final Tensor mask; // [rows, ranks]
  private final @Nullable Tensor bias; // [rows, out]
  private final @Nullable Tensor scale; // [rows, out], of DoRA

  /** Assembles the rows' deltas from the distinct ones, in the caller's pointer scope. */
  public MixedBatchDelta(List<LoraDelta> deltas, List<Optional<LoraDelta>> ofRows) {
    this.deltas = deltas;
    this.ofRows = ofRows;
    layout = factored(deltas.get(0));
    versions = versions();
    a = joined(0, FactoredDelta::effectiveA);
    b = columnMajor(joined(1, FactoredDelta::effectiveB));
    mask = mask();
    bias = perRowOrNull(0, MixedBatchDelta::biasOf);
    scale = perRowOrNull(1, LoraDelta::outputScale);
  }

  /** Assembles the deltas for many forwards, until {@link #close}. */
  public static MixedBatchDelta kept(List<LoraDelta> deltas, List<Optional<LoraDelta>> ofRows) {
    try (PointerScope scope = new PointerScope()) {
      MixedBatchDelta made = new MixedBatchDelta(deltas, ofRows);
      made.owned().forEach(Ops::keep);
      return made;
    }
  }

  /** Returns whether rows with this delta can be computed together with rows of other adapters. */
  public static boolean takes(LoraDelta delta) {
    return delta
        .factored()
        .filter(f -> !delta.isRandomNow() && !(f instanceof ConvDelta conv && !conv.isDense()))
        .isPresent();
  }

  private static FactoredDelta factored(LoraDelta delta) {
    return delta.factored().orElseThrow();
  }

  /** Returns whether no weight has changed since assembly. */
  public boolean isCurrent() {
    return Arrays.equals(versions, versions());
  }

  private long[] versions() {
    return deltas.stream()
        .flatMapToLong(
            delta ->
                LongStream.concat(
                    LongStream.of(delta.base().store().version()),
                    delta.parameters().stream().mapToLong(Parameter::version)))
        .toArray();
  }

  @Override
  public Tensor addTo(Tensor y, Tensor x) {
    requireRows(x, ofRows.size());
    Tensor features = layout.applyA(x, a);
    Tensor own = features.mul(layout.perRow(mask, features.dim()));
    if (scale == null) {
      return plusBias(layout.applyB(y, own, b, Ops.ONE));
    }
    Tensor unscaled = DoraDelta.withoutBias(layout, y);
    Tensor sum = plusBias(layout.applyB(unscaled, own, b, Ops.ONE));
    return DoraDelta.rescaled(layout, sum, layout.perRow(scale, sum.dim()));
  }

  /**
   * Checks that a batch has one row for each named adapter.
   *
   * @throws UserError if the number of rows differs
   */
  public static void requireRows(Tensor input, int rows) {
    if (input.dim() == 0 || input.size(0) != rows) {
      throw new UserError(
          "expected a batch of %d rows, one for each adapter named, found %s"
              .formatted(rows, Ops.shapeOf(input)));
    }
  }

  @Override
  public List<Parameter> parameters() {
    return deltas.stream().flatMap(delta -> delta.parameters().stream()).toList();
  }

  private Tensor plusBias(Tensor y) {
    return bias == null ? y : y.add(layout.perRow(bias, y.dim()));
  }

  private Tensor joined(int axis, Function<FactoredDelta, Tensor> factor) {
    return Ops.join(
        axis, deltas.stream().map(d -> factor.apply(factored(d))).toArray(Tensor[]::new));
  }

  /** Converts a matrix to column-major layout, in which the product reads it. */
  private static Tensor columnMajor(Tensor b) {
    return b.dim() == 2 ? b.t().contiguous().t() : b;
  }

  private Tensor mask() {
    int all = Math.toIntExact(a.size(0));
    float[] values = new float[ofRows.size() * all];
    int from = 0;
    for (LoraDelta delta : deltas) {
      int to = from + Math.toIntExact(factored(delta).effectiveA().size(0));
      for (int row = 0; row < ofRows.size(); row++) {
        if (ofRows.get(row).filter(own -> own == delta).isPresent()) {
          float scaling = (float) factored(delta).factor();
          Arrays.fill(values, row * all + from, row * all + to, scaling);
        }
      }
      from = to;
    }
    return Ops.tensor(values, ofRows.size(), all).to(a.device(), a.scalar_type());
  }

  /** Returns values for each row's outputs, {@code [rows, out]}; null if no delta has any. */
  private @Nullable Tensor perRowOrNull(
      double otherwise, Function<LoraDelta, Optional<Tensor>> values) {
    List<Optional<Tensor>> found = deltas.stream().map(values).toList();
    if (found.stream().allMatch(Optional::isEmpty)) {
      return null;
    }
    Tensor rest = torch.full(new long[] {b.size(0)}, new Scalar(otherwise), b.options());
    List<Tensor> table = new ArrayList<>();
    found.forEach(own -> table.add(own.orElse(rest)));
    table.add(rest); // for rows without a delta
    long[] indices =
        ofRows.stream().mapToLong(own -> own.map(deltas::indexOf).orElse(deltas.size())).toArray();
    return torch
        .stack(new TensorVector(table.toArray(new Tensor[0])))
        .index_select(0, Ops.tensor(indices).to(b.device(), torch.ScalarType.Long));
  }

  private static Optional<Tensor> biasOf(LoraDelta delta) {
    FactoredDelta factored = factored(delta);
    return factored.biasOfB().map(bias -> bias.tensor().mul(factored.scaling()));
  }

  private Stream<Tensor> owned() {
    return Stream.of(
            Optional.of(a),
            Optional.of(b),
            Optional.of(mask),
            Optional.ofNullable(bias),
            Optional.ofNullable(scale))
        .flatMap(Optional::stream);
  }

  @Override
  public void close() {
    owned().forEach(Tensor::deallocate);
  }
}
