package dev.lora4j.models.training;

import dev.lora4j.lora.EvaBatch;
import dev.lora4j.lora.Initialization;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.PackedBatch;
import dev.lora4j.models.text.PreferencePair;
import dev.lora4j.models.text.SpecialTokens;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.models.text.TextSteps;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Device;

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
   * @param special tells what rows are filled up with, which counts for nothing
   * @param seed of the choice; the same one gives the same batches
   * @param device where the network is
   */
  public static List<EvaBatch> of(
      TuningData data, SpecialTokens special, long seed, Device device) {
    return TextSteps.padded(examples(data), ROWS, seed).epoch(0).stream()
        .limit(MOST_BATCHES)
        .map(step -> batch(step, special, device))
        .toList();
  }

  private static List<Example> examples(TuningData data) {
    if (data instanceof TuningData.Preferences pairs) {
      return pairs.train().stream().map(PreferencePair::chosen).toList();
    }
    return ((TuningData.Texts) data).train();
  }

  private static EvaBatch batch(TextStep step, SpecialTokens special, Device device) {
    PackedBatch rows = PackedBatch.of(step.rows(), 1, special);
    boolean[] padding = rows.padding();
    int[] attention = new int[padding.length];
    for (int i = 0; i < padding.length; i++) {
      attention[i] = padding[i] ? 0 : 1;
    }
    int[] labels = new int[padding.length];
    Arrays.fill(labels, IGNORED);
    for (int i = 0; i < rows.lossTokens(); i++) {
      labels[rows.places()[i] + 1] = rows.targets()[i]; // each row is one example
    }
    return EvaBatch.labelled(
            LossRows.matrix(rows.tokens(), rows, device), LossRows.matrix(labels, rows, device))
        .withAttention(LossRows.matrix(attention, rows, device));
  }
}
