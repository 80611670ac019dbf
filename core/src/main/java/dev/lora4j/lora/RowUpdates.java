package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
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
 * The updates of one layer for a batch whose rows have different adapters, as one update: the A's
 * of all adapters on top of each other, the B's side by side, and in between a mask that lets each
 * row's own features through, scaled: {@code y + B ((A x) ∘ mask)}. So the number of matrix
 * products does not grow with the number of adapters.
 */
final class RowUpdates implements AutoCloseable {
  private final List<Update> updates;
  private final List<Optional<Update>> ofRows;
  private final long[] versions;
  private final Tensor down; // [ranks, in…]
  private final Tensor up; // [out, ranks…]
  private final Tensor mask; // [rows, ranks]
  private final @Nullable Tensor bias; // [rows, out]
  private final @Nullable Tensor ratio; // [rows, out]

  /**
   * Puts them together in the caller's pointer scope.
   *
   * @param updates each update that some row has, once
   * @param ofRows the update of each row
   */
  RowUpdates(List<Update> updates, List<Optional<Update>> ofRows) {
    this.updates = updates;
    this.ofRows = ofRows;
    versions = versions();
    down = joined(0, Update::downFactor);
    up = linedUp(joined(1, Update::upFactor));
    mask = mask();
    bias = updates.stream().anyMatch(u -> u.biasOfB() != null) ? perRow(0, this::bias) : null;
    ratio = updates.stream().anyMatch(Update::isDora) ? perRow(1, this::ratio) : null;
  }

  /** Puts them together for many forwards, until {@link #close}. */
  static RowUpdates kept(List<Update> updates, List<Optional<Update>> ofRows) {
    try (PointerScope scope = new PointerScope()) {
      RowUpdates made = new RowUpdates(updates, ofRows);
      made.tensors().forEach(Ops::keep);
      return made;
    }
  }

  /** Whether no factor has changed since. */
  boolean isCurrent() {
    return Arrays.equals(versions, versions());
  }

  private long[] versions() {
    return updates.stream()
        .flatMapToLong(
            update ->
                LongStream.concat(
                    LongStream.of(update.base().store().version()),
                    update.saved().values().stream().mapToLong(Parameter::version)))
        .toArray();
  }

  /**
   * Adds to each row what its adapter says.
   *
   * @param y what the base gave; may be overwritten
   * @param x the layer's input, rows first
   * @throws UserError if the input has another number of rows
   */
  Tensor addTo(Tensor y, Tensor x) {
    requireRows(x, ofRows.size());
    Update any = updates.get(0); // they differ in their numbers only
    Tensor features = any.down(x, down);
    Tensor own = features.mul(any.rowsOf(mask, features.dim()));
    if (ratio == null) {
      return plusBias(any, any.addUp(y, own, up, Ops.ONE));
    }
    Tensor sum = plusBias(any, any.addUp(any.withoutBias(y), own, up, Ops.ONE));
    return any.rescaled(sum, any.rowsOf(ratio, sum.dim()));
  }

  /**
   * @throws UserError if the input has another number of rows
   */
  static void requireRows(Tensor input, int rows) {
    if (input.dim() == 0 || input.size(0) != rows) {
      throw new UserError(
          "expected a batch of %d rows, one for each adapter named, found %s"
              .formatted(rows, Ops.shapeOf(input)));
    }
  }

  private Tensor plusBias(Update any, Tensor y) {
    return bias == null ? y : y.add(any.rowsOf(bias, y.dim()));
  }

  private Tensor joined(int axis, Function<Update, Tensor> factor) {
    return Ops.join(axis, updates.stream().map(factor).toArray(Tensor[]::new));
  }

  /** A matrix whose columns lie as rows, as the product that it enters reads it. */
  private static Tensor linedUp(Tensor up) {
    return up.dim() == 2 ? up.t().contiguous().t() : up;
  }

  private Tensor mask() {
    int all = Math.toIntExact(down.size(0));
    float[] values = new float[ofRows.size() * all];
    int from = 0;
    for (Update update : updates) {
      int to = from + Math.toIntExact(update.downFactor().size(0));
      for (int row = 0; row < ofRows.size(); row++) {
        if (ofRows.get(row).filter(own -> own == update).isPresent()) {
          Arrays.fill(values, row * all + from, row * all + to, (float) update.factor());
        }
      }
      from = to;
    }
    return Ops.tensor(values, ofRows.size(), all).to(down.device(), down.scalar_type());
  }

  /** Numbers for each row's outputs, {@code [rows, out]}; rows without an update get the rest. */
  private Tensor perRow(double rest, Function<Update, Optional<Tensor>> numbers) {
    Tensor ofTheRest = torch.full(new long[] {up.size(0)}, new Scalar(rest), up.options());
    List<Tensor> table = new ArrayList<>();
    for (Update update : updates) {
      table.add(numbers.apply(update).orElse(ofTheRest));
    }
    table.add(ofTheRest);
    long[] places =
        ofRows.stream()
            .mapToLong(own -> own.map(updates::indexOf).orElse(updates.size()))
            .toArray();
    return torch
        .stack(new TensorVector(table.toArray(new Tensor[0])))
        .index_select(0, Ops.tensor(places).to(up.device(), torch.ScalarType.Long));
  }

  private Optional<Tensor> bias(Update update) {
    return Optional.ofNullable(update.biasOfB()).map(b -> b.tensor().mul(update.scaling()));
  }

  private Optional<Tensor> ratio(Update update) {
    return update.isDora() ? Optional.of(update.ratio()) : Optional.empty();
  }

  private Stream<Tensor> tensors() {
    return Stream.of(
            Optional.of(down),
            Optional.of(up),
            Optional.of(mask),
            Optional.ofNullable(bias),
            Optional.ofNullable(ratio))
        .flatMap(Optional::stream);
  }

  @Override
  public void close() {
    tensors().forEach(Tensor::deallocate);
  }
}
