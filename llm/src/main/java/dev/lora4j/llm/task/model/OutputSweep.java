package dev.lora4j.llm.task.model;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Computes the outputs of many texts without gradients. Texts of similar length are computed
 * together; workers take batch after batch.
 */
public final class OutputSweep {
  /** Tokens computed together, unless one text alone is longer. */
  private static final int MAX_BATCH_TOKENS = 2048;

  private final TaskNetwork network;
  private final Supplier<AdapterScope> adapters;

  /**
   * @param network in evaluation mode
   * @param adapters activates the adapters for the calling worker
   */
  public OutputSweep(TaskNetwork network, Supplier<AdapterScope> adapters) {
    this.network = network;
    this.adapters = adapters;
  }

  /**
   * Computes the outputs of inputs of one or several texts each.
   *
   * @param progress receives the number of inputs' texts of each batch, from any worker
   * @return for each input, a row for each of its texts, or for each token of its text
   */
  public List<float[][]> run(
      List<List<TokenSequence>> inputs, Workers workers, LongConsumer progress) {
    List<TokenSequence> texts = inputs.stream().flatMap(List::stream).toList();
    float[][][] rows = new float[texts.size()][][];
    List<int[]> batches = batches(texts);
    AtomicInteger next = new AtomicInteger();
    workers.run(
        worker -> {
          for (int i = next.getAndIncrement(); i < batches.size(); i = next.getAndIncrement()) {
            compute(texts, batches.get(i), rows);
            progress.accept(batches.get(i).length);
          }
        });
    List<float[][]> outputs = new ArrayList<>();
    int from = 0;
    for (List<TokenSequence> input : inputs) {
      outputs.add(joined(rows, from, from + input.size()));
      from += input.size();
    }
    return outputs;
  }

  private static float[][] joined(float[][][] rows, int from, int to) {
    return Arrays.stream(rows, from, to).flatMap(Arrays::stream).toArray(float[][]::new);
  }

  /** Indices of texts that are computed together, the longest texts first. */
  private static List<int[]> batches(List<TokenSequence> texts) {
    int[] order =
        IntStream.range(0, texts.size())
            .boxed()
            .sorted(Comparator.comparingInt((Integer i) -> texts.get(i).length()).reversed())
            .mapToInt(Integer::intValue)
            .toArray();
    List<int[]> batches = new ArrayList<>();
    int from = 0;
    while (from < order.length) {
      int longest = Math.max(1, texts.get(order[from]).length());
      int to = Math.min(order.length, from + Math.max(1, MAX_BATCH_TOKENS / longest));
      batches.add(Arrays.copyOfRange(order, from, to));
      from = to;
    }
    return batches;
  }

  private void compute(List<TokenSequence> texts, int[] batch, float[][][] rows) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        AdapterScope active = adapters.get()) {
      List<TokenSequence> together = IntStream.of(batch).mapToObj(texts::get).toList();
      Tensor outputs = network.outputs(together);
      int width = Math.toIntExact(outputs.size(1));
      float[] values = Ops.floats(outputs);
      boolean perToken = network.isPerToken();
      int at = 0;
      for (int i = 0; i < batch.length; i++) {
        int count = perToken ? together.get(i).length() : 1;
        float[][] own = new float[count][];
        for (int row = 0; row < count; row++) {
          own[row] = Arrays.copyOfRange(values, at, at + width);
          at += width;
        }
        rows[batch[i]] = own;
      }
    }
  }
}
