package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.data.Dataset;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.Loss;
import dev.lora4j.train.RegressionError;
import dev.lora4j.train.Workers;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** What a model shall find out of an example: its class or a number. */
sealed interface Goal {

  /** What training makes small. */
  Loss loss();

  /**
   * @param outputs what the model gives for two examples
   * @throws UserError if that is no answer to what is asked
   */
  void check(Tensor outputs);

  /** Passes all examples through a model. */
  Score examine(Module net, Dataset data, Workers workers);

  /**
   * One of some classes.
   *
   * @param names in the order of the labels
   */
  record Classes(List<String> names) implements Goal {
    @Override
    public Loss loss() {
      return Loss.CROSS_ENTROPY;
    }

    @Override
    public void check(Tensor outputs) {
      if (outputs.dim() != 2 || outputs.size(0) != 2 || outputs.size(1) < names.size()) {
        throw new UserError(
            "the model gives %s for two examples; expected [2, classes] for the %d classes of the"
                    .formatted(Ops.shapeOf(outputs), names.size())
                + " data");
      }
    }

    @Override
    public Score examine(Module net, Dataset data, Workers workers) {
      return new Score.Right(Accuracy.of(net, data, names, workers));
    }
  }

  /** A number. */
  record Quantity() implements Goal {
    @Override
    public Loss loss() {
      return Loss.SQUARED_ERROR;
    }

    @Override
    public void check(Tensor outputs) {
      if (outputs.numel() != 2 || outputs.dim() > 2 || outputs.size(0) != 2) {
        throw new UserError(
            "the model gives %s for two examples; expected a number each, [2] or [2, 1]"
                .formatted(Ops.shapeOf(outputs)));
      }
    }

    @Override
    public Score examine(Module net, Dataset data, Workers workers) {
      return new Score.Apart(RegressionError.of(net, data, workers));
    }
  }
}
