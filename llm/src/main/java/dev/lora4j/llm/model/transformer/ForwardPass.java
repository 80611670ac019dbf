package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.AttentionContext;
import dev.lora4j.llm.model.Rope;
import java.util.Map;
import java.util.Optional;

/** The values that the layers of one forward pass share. */
record ForwardPass(AttentionContext attention, Map<Rope, Rope.Rotations> rotations) {

  /** The rotations of a layer, if it has any. */
  Optional<Rope.Rotations> rotationsOf(Optional<Rope> rope) {
    return rope.map(rotations::get);
  }
}
