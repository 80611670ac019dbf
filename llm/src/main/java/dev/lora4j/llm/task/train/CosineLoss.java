package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Mean squared error of the cosine similarity of two texts, as sentence-transformers' {@code
 * CosineSimilarityLoss}.
 */
public record CosineLoss() implements TaskLoss {

  @Override
  public String name() {
    return "cosine";
  }

  @Override
  public Tensor sum(Tensor outputs, List<TaskExample> examples) {
    Tensor vectors = LossTensors.normalized(outputs);
    Tensor first =
        vectors.index_select(0, LossTensors.indices(LossTensors.rowsOf(examples, 0), outputs));
    Tensor second =
        vectors.index_select(0, LossTensors.indices(LossTensors.rowsOf(examples, 1), outputs));
    Tensor errors = first.mul(second).sum(1).sub(LossTensors.targets(examples, outputs));
    return errors.mul(errors).sum();
  }

  @Override
  public double normalizer(List<TaskExample> examples) {
    return examples.size();
  }
}
