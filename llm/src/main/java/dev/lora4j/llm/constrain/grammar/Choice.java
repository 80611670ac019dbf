package dev.lora4j.llm.constrain.grammar;

import java.util.ArrayList;
import java.util.List;

/** Alternatives, which are followed at the same time. */
public final class Choice extends GrammarNode {
  private final List<GrammarNode> options = new ArrayList<>();

  Choice() {}

  /** Adds an alternative, which may lead back to this choice. */
  public Choice or(GrammarNode option) {
    options.add(option);
    return this;
  }

  List<GrammarNode> options() {
    return options;
  }

  @Override
  int fewestFrames() {
    int fewest = UNREACHABLE;
    for (GrammarNode option : options) {
      fewest = Math.min(fewest, option.frames());
    }
    return fewest;
  }
}
