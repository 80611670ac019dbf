package dev.lora4j.llm.task.train;

import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The loss of examples, and its gradient by each worker's outputs.
 *
 * @param sum the loss, summed over its units
 * @param ofShards {@code [rows, outputs]} for each worker, in no pointer scope: the workers' graphs
 *     have open scopes of their own
 */
record OutputGradient(double sum, List<Tensor> ofShards) implements AutoCloseable {

  /**
   * Computes the loss of the joined outputs and its gradient.
   *
   * @param examples those of the outputs, in their order
   * @param outputs of each worker, without a graph
   * @param normalizer divides the gradient
   */
  static OutputGradient of(
      List<TaskExample> examples, Tensor[] outputs, TaskLoss loss, double normalizer) {
    try (PointerScope scope = new PointerScope()) {
      Tensor all = Ops.join(0, outputs).detach();
      all.set_requires_grad(true);
      Tensor sum = loss.sum(all, examples);
      double value = sum.item_double();
      Tensor weight = Ops.tensor(new float[] {(float) (1 / normalizer)}).reshape();
      Ops.backward(sum, weight.to(sum.device(), sum.scalar_type()));
      List<Tensor> parts = new ArrayList<>();
      long from = 0;
      for (Tensor output : outputs) {
        parts.add(Ops.keep(all.grad().narrow(0, from, output.size(0))));
        from += output.size(0);
      }
      return new OutputGradient(value, parts);
    }
  }

  @Override
  public void close() {
    ofShards.forEach(Tensor::deallocate);
  }
}
