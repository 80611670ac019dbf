package dev.lora4j.nn;

import java.util.ArrayList;
import java.util.List;

/** A chain of modules named {@code 0}, {@code 1}, …: PyTorch's {@code nn.Sequential}. */
public final class Sequential extends Staged {
  private final List<Stage> stages = new ArrayList<>();

  public Sequential(Module... modules) {
    for (int i = 0; i < modules.length; i++) {
      Slot slot = child(Integer.toString(i), modules[i]);
      stages.add(Stage.of(slot::forward, slot));
    }
  }

  @Override
  protected List<Stage> stages() {
    return stages;
  }
}
