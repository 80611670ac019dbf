package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.BatchSampler;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A sample of the training data for {@link Initialization.Eva}, at loss tokens. */
public final class EvaExamples {
  private static final int ROWS = 8; // the logits of a batch are computed whole
  private static final int MAX_BATCHES = 32;
  private static final int IGNORED = -100;

  private EvaExamples() {}

  /**
   * Draws batches of examples of similar length by seed; from a pair, it takes the chosen answer.
   */
  public static List<EvaBatch> of(Objective objective, long seed, Device device) {
    List<Example> examples =
        objective.groups().train().stream().map(group -> group.get(0)).toList();
    return BatchSampler.byLength(examples, ROWS, seed).epoch(0).stream()
        .limit(MAX_BATCHES)
        .map(step -> batch(step, device))
        .toList();
  }

  private static EvaBatch batch(GlobalBatch step, Device device) {
    List<Example> rows = step.examples();
    int width = rows.stream().mapToInt(Example::length).max().orElse(0);
    long[] tokens = new long[rows.size() * width]; // padding is masked
    long[] attention = new long[tokens.length];
    long[] labels = new long[tokens.length];
    Arrays.fill(labels, IGNORED);
    for (int row = 0; row < rows.size(); row++) {
      Example example = rows.get(row);
      for (int i = 0; i < example.length(); i++) {
        int index = row * width + i;
        tokens[index] = example.token(i);
        attention[index] = 1;
        if (example.carriesLoss(i)) {
          labels[index] = example.token(i);
        }
      }
    }
    return EvaBatch.labelled(matrix(tokens, width, device), matrix(labels, width, device))
        .withAttention(matrix(attention, width, device));
  }

  private static Tensor matrix(long[] values, int width, Device device) {
    return Ops.tensor(values).view(-1, width).to(device, ScalarType.Long);
  }
}
