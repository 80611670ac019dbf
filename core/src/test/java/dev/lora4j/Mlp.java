package dev.lora4j;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.Stage;
import dev.lora4j.nn.Staged;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;

/**
 * A minimal network with a nested layer, a layer without a bias, and stages. It classifies vectors
 * of {@link #IN} values into {@link #CLASSES} classes.
 */
public final class Mlp extends Staged {
  public static final long IN = 6;
  public static final long CLASSES = 3;
  private static final long WIDTH = 8;

  private final Slot fc1 = child("fc1", new Linear(IN, WIDTH));
  private final Slot block = child("block", new Block());
  private final Slot head = child("head", new Linear(WIDTH, CLASSES));

  private final List<Stage> stages =
      List.of(
          Stage.of(x -> Ops.relu(fc1.forward(x)), fc1), // [B, 8]
          Stage.of(block::forward, block), // [B, 8]
          Stage.of(head::forward, head)); // [B, 3]

  /** Returns the parameter at this path. */
  public Parameter parameterAt(String path) {
    return Objects.requireNonNull(namedParameters().get(path), path);
  }

  @Override
  protected List<Stage> stages() {
    return stages;
  }

  private static final class Block extends Module {
    private final Slot fc2 = child("fc2", Linear.withoutBias(WIDTH, WIDTH));

    @Override
    public Tensor forward(Tensor x) {
      return Ops.relu(fc2.forward(x));
    }
  }
}
