package dev.lora4j.train;

import dev.lora4j.data.Batch;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Staged;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * What a network's frozen first stages say of every example of a dataset, computed once: during a
 * training it can't change.
 */
final class FrozenPrefix implements Dataset, AutoCloseable {
  private static final long EXAMPLES_AT_ONCE = 64;

  private final Tensor outputs; // [n, …]
  private final Tensor targets; // [n]

  private FrozenPrefix(Tensor outputs, Tensor targets) {
    this.outputs = outputs;
    this.targets = targets;
  }

  /** How many bytes the outputs of the first stages would take for this dataset. */
  static long bytes(Staged network, Dataset data, int stages) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch one = data.gather(Ops.tensor(new long[] {0})).to(network.device());
      return network.forwardBefore(one.inputs(), stages).nbytes() * data.size();
    }
  }

  static FrozenPrefix compute(Staged network, Dataset data, int stages, Workers workers) {
    long chunks = (data.size() + EXAMPLES_AT_ONCE - 1) / EXAMPLES_AT_ONCE;
    Batch[] results = new Batch[Math.toIntExact(chunks)];
    workers.run(
        worker -> {
          for (int chunk = worker; chunk < chunks; chunk += workers.count()) {
            results[chunk] = outputsOf(network, data, stages, chunk);
          }
        });
    try (PointerScope scope = new PointerScope()) {
      return new FrozenPrefix(
          join(List.of(results).stream().map(Batch::inputs).toList()),
          join(List.of(results).stream().map(Batch::targets).toList()));
    }
  }

  private static Batch outputsOf(Staged network, Dataset data, int stages, int chunk) {
    long from = chunk * EXAMPLES_AT_ONCE;
    long to = Math.min(from + EXAMPLES_AT_ONCE, data.size());
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch batch =
          data.gather(Ops.tensor(LongStream.range(from, to).toArray())).to(network.device());
      return new Batch(
          Ops.keep(network.forwardBefore(batch.inputs(), stages)), Ops.keep(batch.targets()));
    }
  }

  private static Tensor join(List<Tensor> parts) {
    Tensor whole = Ops.keep(torch.cat(new TensorVector(parts.toArray(Tensor[]::new))));
    parts.forEach(Tensor::deallocate);
    return whole;
  }

  @Override
  public long size() {
    return targets.size(0);
  }

  @Override
  public Batch gather(Tensor indices) {
    Tensor there = indices.to(outputs.device(), indices.scalar_type());
    return new Batch(outputs.index_select(0, there), targets.index_select(0, there));
  }

  @Override
  public void close() {
    outputs.deallocate();
    targets.deallocate();
  }
}
