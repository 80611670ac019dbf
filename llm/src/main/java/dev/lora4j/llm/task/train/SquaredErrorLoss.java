package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** Mean squared error of predicted numbers. */
public record SquaredErrorLoss() implements TaskLoss {

  @Override
  public String name() {
    return "squared error";
  }

  @Override
  public Tensor sum(Tensor outputs, List<TaskExample> examples) {
    Tensor errors = outputs.reshape(-1).sub(LossTensors.targets(examples, outputs));
    return errors.mul(errors).sum();
  }

  @Override
  public double normalizer(List<TaskExample> examples) {
    return examples.size();
  }
}
