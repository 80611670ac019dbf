package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The operations that several losses share. */
final class LossTensors {
  private LossTensors() {}

  /** The targets of all examples in a row, {@code [n]}, float. */
  static Tensor targets(List<TaskExample> examples, Tensor like) {
    int count = examples.stream().mapToInt(example -> example.target().length).sum();
    float[] values = new float[count];
    int at = 0;
    for (TaskExample example : examples) {
      System.arraycopy(example.target(), 0, values, at, example.target().length);
      at += example.target().length;
    }
    return Ops.tensor(values, count).to(like.device(), like.scalar_type());
  }

  /** Indices on the device of a tensor, {@code [n]}, int64. */
  static Tensor indices(long[] values, Tensor like) {
    return Ops.tensor(values).to(like.device(), ScalarType.Long);
  }

  /**
   * {@code −log softmax(logits)[target]} of each row.
   *
   * @param logits {@code [n, classes]}
   * @param targets {@code [n]}, int64
   * @return {@code [n]}
   */
  static Tensor crossEntropies(Tensor logits, Tensor targets) {
    return torch.log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).squeeze(1).neg();
  }

  /**
   * {@code −t log σ(z) − (1 − t) log(1 − σ(z))}, element by element, as {@code max(z, 0) − z t +
   * log(1 + exp(−|z|))}.
   */
  static Tensor binaryCrossEntropies(Tensor logits, Tensor targets) {
    return logits
        .clamp_min(new Scalar(0))
        .sub(logits.mul(targets))
        .add(torch.log1p(torch.exp(logits.abs().neg())));
  }

  /** Rows of length 1, {@code x / max(‖x‖, 1e-12)}. */
  static Tensor normalized(Tensor rows) {
    Tensor norms = rows.mul(rows).sum(1).unsqueeze(1).clamp_min(new Scalar(1e-24)).sqrt();
    return rows.div(norms);
  }

  /** The row of each example's text with this number, {@code [n]}. */
  static long[] rowsOf(List<TaskExample> examples, int text) {
    long[] rows = new long[examples.size()];
    long from = 0;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = from + text;
      from += examples.get(i).texts().size();
    }
    return rows;
  }
}
