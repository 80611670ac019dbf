package dev.lora4j.nn;

import java.util.ArrayList;
import java.util.List;

/** Modules one after the other, named {@code 0}, {@code 1}, …: PyTorch's {@code nn.Sequential}. */
public final class Sequential extends Staged {
  private final List<Stage> stages = new ArrayList<>();

  /** Each module's output is the next one's input. */
  public Sequential(Module... modules) {
    for (int i = 0; i < modules.length; i++) {
      Child place = child(Integer.toString(i), modules[i]);
      stages.add(Stage.of(place::forward, place));
    }
  }

  @Override
  protected List<Stage> stages() {
    return stages;
  }
}
