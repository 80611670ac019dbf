package dev.lora4j.models.training;

import dev.lora4j.lora.EvaBatch;
import dev.lora4j.lora.Initialization;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.PreferencePair;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.models.text.TextSteps;
import dev.lora4j.nn.Ops;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Some of the training data as examples for {@link Initialization.Eva}: the adapter begins from
 * what the layers are given where something is learned.
 */
public final class EvaExamples {
  private static final int ROWS = 8; // the logits of a batch are computed whole
  private static final int MOST_BATCHES = 32;
  private static final int IGNORED = -100;

  private EvaExamples() {}

  /**
   * Takes batches of texts of about the same length; of pairs, the better answers. The tensors
   * belong to the caller's pointer scope.
   *
   * @param seed of the choice; the same one gives the same batches
   * @param device where the network is
   */
  public static List<EvaBatch> of(TuningData data, long seed, Device device) {
    return TextSteps.byLength(examples(data), ROWS, seed).epoch(0).stream()
        .limit(MOST_BATCHES)
        .map(step -> batch(step, device))
        .toList();
  }

  private static List<Example> examples(TuningData data) {
    if (data instanceof TuningData.Preferences pairs) {
      return pairs.train().stream().map(PreferencePair::chosen).toList();
    }
    return ((TuningData.Texts) data).train();
  }

  private static EvaBatch batch(TextStep step, Device device) {
    List<Example> rows = step.examples();
    int width = rows.stream().mapToInt(Example::length).max().orElse(0);
    long[] tokens = new long[rows.size() * width]; // what fills up a row is never looked at
    long[] attention = new long[tokens.length];
    long[] labels = new long[tokens.length];
    Arrays.fill(labels, IGNORED);
    for (int row = 0; row < rows.size(); row++) {
      Example example = rows.get(row);
      for (int i = 0; i < example.length(); i++) {
        int place = row * width + i;
        tokens[place] = example.token(i);
        attention[place] = 1;
        if (example.carriesLoss(i)) {
          labels[place] = example.token(i);
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
