package dev.lora4j.vision;

import static dev.lora4j.nn.kernel.Ops.relu;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.Stage;
import dev.lora4j.nn.Staged;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.conv.MaxPool2d;
import java.util.List;

/**
 * A small convolutional network, {@code [batch, 3, 32, 32]} to logits {@code [batch, classes]}. The
 * third convolution is declared but never used: adapting a network must cope with such layers.
 */
public final class ConvNet extends Staged {
  private final Slot conv1 = child("conv1", new Conv2d(3, 6, 5));
  private final Slot pool = child("pool", new MaxPool2d(2));
  private final Slot conv2 = child("conv2", new Conv2d(6, 16, 5));

  @SuppressWarnings("UnusedVariable")
  private final Slot conv3 = child("conv3", new Conv2d(16, 32, 5));

  private final Slot fc1 = child("fc1", new Linear(16 * 5 * 5, 120));
  private final Slot fc2 = child("fc2", new Linear(120, 84));
  private final Slot fc3;
  private final List<Stage> stages;

  /** Creates a network for the ten classes of CIFAR-10. */
  public ConvNet() {
    this(10);
  }

  public ConvNet(int classes) {
    fc3 = child("fc3", new Linear(84, classes));
    stages =
        List.of(
            Stage.of(x -> pool.forward(relu(conv1.forward(x))), conv1, pool), // [B, 6, 14, 14]
            Stage.of(
                x -> pool.forward(relu(conv2.forward(x))).flatten(1, -1), conv2, pool), // [B, 400]
            Stage.of(x -> relu(fc1.forward(x)), fc1), // [B, 120]
            Stage.of(x -> relu(fc2.forward(x)), fc2), // [B, 84]
            Stage.of(fc3::forward, fc3)); // [B, classes]
  }

  @Override
  protected List<Stage> stages() {
    return stages;
  }
}
