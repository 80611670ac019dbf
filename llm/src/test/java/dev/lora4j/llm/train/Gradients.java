package dev.lora4j.llm.train;

import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Optimizer;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** An optimizer that looks at the gradient and changes nothing. */
public final class Gradients implements Optimizer {
  private List<Parameter> order = List.of();
  private Tensor last = Ops.keep(Ops.zeros(0));

  /** {@code [n]}: the last one, in the order of the adapter's parameters. */
  public Tensor last() {
    return last;
  }

  /** The part of it that is this parameter's. */
  public Tensor of(Parameter parameter) {
    long from = 0;
    for (Parameter before : order) {
      if (before == parameter) {
        return last.narrow(0, from, parameter.numel()).view(parameter.shape());
      }
      from += before.numel();
    }
    throw new AssertionError("not trained");
  }

  @Override
  public List<Parameter> arrange(List<Parameter> trainable) {
    order = trainable;
    return trainable;
  }

  @Override
  public void step(Tensor parameters, Tensor gradient) {
    last.deallocate();
    last = Ops.keep(gradient.clone());
  }

  @Override
  public void scaleRates(double factor) {}

  @Override
  public Map<String, Tensor> state() {
    return Map.of();
  }

  @Override
  public void restore(Map<String, Tensor> state) {}

  @Override
  public void close() {
    last.deallocate();
  }
}
