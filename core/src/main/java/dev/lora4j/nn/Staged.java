package dev.lora4j.nn;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A chain of stages; training computes the output of frozen leading stages only once. */
public abstract class Staged extends Module {

  /** The stages in order, whose composition is the forward. */
  protected abstract List<Stage> stages();

  @Override
  public final Tensor forward(Tensor input) {
    return forward(input, 0, stages().size());
  }

  /** Runs the stages before this one. */
  public final Tensor forwardBefore(Tensor input, int stage) {
    return forward(input, 0, stage);
  }

  /** Runs this stage and all after it. */
  public final Tensor forwardFrom(Tensor input, int stage) {
    return forward(input, stage, stages().size());
  }

  private Tensor forward(Tensor input, int from, int to) {
    Tensor x = input;
    for (Stage stage : stages().subList(from, to)) {
      x = stage.step().apply(x);
    }
    return x;
  }

  /** Number of leading frozen stages. */
  public final int frozenStages() {
    List<Stage> stages = stages();
    int frozen = 0;
    while (frozen < stages.size() && stages.get(frozen).isFrozen()) {
      frozen++;
    }
    return frozen;
  }
}
