package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.cli.report.TestScore;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.Loss;
import dev.lora4j.train.RegressionError;
import dev.lora4j.train.Workers;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The task of a model: classification or regression. */
public sealed interface Task {

  /** The loss to minimise. */
  Loss loss();

  /**
   * Checks the shape of the model's outputs for two examples.
   *
   * @throws UserError if it does not fit the task
   */
  void check(Tensor outputs);

  /** Returns the class names in label order; empty for a regression. */
  List<String> classNames();

  /** Evaluates a model on examples. */
  TestScore evaluate(Module net, Dataset data, Workers workers);

  /** Classification, with class names in label order. */
  record Classes(List<String> names) implements Task {
    private static final int MAX_SHOWN = 10;

    @Override
    public Loss loss() {
      return Loss.CROSS_ENTROPY;
    }

    @Override
    public void check(Tensor outputs) {
      if (outputs.dim() != 2 || outputs.size(0) != 2) {
        throw new UserError(
            "the model returns %s for two examples; expected [2, classes] for %d classes"
                .formatted(Ops.shapeOf(outputs), names.size()));
      }
      if (outputs.size(1) != names.size()) {
        throw new UserError(
            "the model has %d outputs, but there are %d classes (%s); name all outputs in their"
                    .formatted(outputs.size(1), names.size(), shown())
                + " order with --classes FILE or --classes NAME,…");
      }
    }

    private String shown() {
      return names.size() <= MAX_SHOWN
          ? String.join(", ", names)
          : String.join(", ", names.subList(0, MAX_SHOWN)) + ", …";
    }

    @Override
    public List<String> classNames() {
      return names;
    }

    @Override
    public TestScore evaluate(Module net, Dataset data, Workers workers) {
      return TestScore.of(Accuracy.of(net, data, names, workers));
    }
  }

  /** Regression. */
  record Quantity() implements Task {
    @Override
    public List<String> classNames() {
      return List.of();
    }

    @Override
    public Loss loss() {
      return Loss.SQUARED_ERROR;
    }

    @Override
    public void check(Tensor outputs) {
      if (outputs.numel() != 2 || outputs.dim() > 2 || outputs.size(0) != 2) {
        throw new UserError(
            "the model returns %s for two examples; expected one value each, [2] or [2, 1]"
                .formatted(Ops.shapeOf(outputs)));
      }
    }

    @Override
    public TestScore evaluate(Module net, Dataset data, Workers workers) {
      return TestScore.of(RegressionError.of(net, data, workers));
    }
  }
}
