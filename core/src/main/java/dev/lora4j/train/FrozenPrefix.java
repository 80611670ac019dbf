package dev.lora4j.train;

import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Staged;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.BitSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Cache of the outputs of a network's frozen first stages, computed at an example's first use. */
final class FrozenPrefix implements Dataset, AutoCloseable {
  private static final int EXAMPLES_AT_ONCE = 64;

  private final Staged network;
  private final int stages;
  private final Dataset data;
  private final Tensor outputs; // [n, …]
  private final Tensor targets; // [n]
  private final BitSet known = new BitSet();

  FrozenPrefix(Staged network, int stages, Dataset data) {
    this.network = network;
    this.stages = stages;
    this.data = data;
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch one = compute(0);
      outputs = Ops.keep(emptyRows(data.size(), one.inputs()));
      targets = Ops.keep(emptyRows(data.size(), one.targets()));
    }
  }

  /** Number of bytes that the outputs of a whole dataset take. */
  static long bytes(Staged network, int stages, Dataset data) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch one = data.gather(Ops.tensor(new long[] {0})).to(network.device());
      return network.forwardBefore(one.inputs(), stages).nbytes() * data.size();
    }
  }

  private static Tensor emptyRows(long rows, Tensor one) {
    long[] shape = Ops.shape(one);
    shape[0] = rows;
    return torch.empty(shape, one.options(), null);
  }

  @Override
  public long size() {
    return data.size();
  }

  @Override
  public synchronized Batch gather(Tensor indices) {
    long[] unknown =
        Arrays.stream(Ops.longs(indices)).filter(i -> !known.get(Math.toIntExact(i))).toArray();
    for (int from = 0; from < unknown.length; from += EXAMPLES_AT_ONCE) {
      int to = Math.min(from + EXAMPLES_AT_ONCE, unknown.length);
      computeAndKeep(Arrays.copyOfRange(unknown, from, to));
    }
    Tensor rows = indices.to(outputs.device(), indices.scalar_type());
    return new Batch(outputs.index_select(0, rows), targets.index_select(0, rows));
  }

  private void computeAndKeep(long... examples) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch computed = compute(examples);
      Tensor rows = Ops.tensor(examples).to(outputs.device(), torch.ScalarType.Long);
      outputs.index_copy_(0, rows, computed.inputs());
      targets.index_copy_(0, rows, computed.targets());
    }
    for (long example : examples) {
      known.set(Math.toIntExact(example));
    }
  }

  private Batch compute(long... examples) {
    Batch batch = data.gather(Ops.tensor(examples)).to(network.device());
    return new Batch(network.forwardBefore(batch.inputs(), stages), batch.targets());
  }

  @Override
  public void close() {
    outputs.deallocate();
    targets.deallocate();
  }
}
