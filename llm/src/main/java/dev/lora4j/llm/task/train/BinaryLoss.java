package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Binary cross-entropy of each output with the sigmoid of its logit, averaged over all outputs, as
 * PyTorch's {@code BCEWithLogitsLoss}: several labels, or the relevance of a passage.
 */
public record BinaryLoss() implements TaskLoss {

  @Override
  public String name() {
    return "binary cross-entropy";
  }

  @Override
  public Tensor sum(Tensor outputs, List<TaskExample> examples) {
    return LossTensors.binaryCrossEntropies(
            outputs.reshape(-1), LossTensors.targets(examples, outputs))
        .sum();
  }

  @Override
  public double normalizer(List<TaskExample> examples) {
    return examples.stream().mapToInt(example -> example.target().length).sum();
  }
}
