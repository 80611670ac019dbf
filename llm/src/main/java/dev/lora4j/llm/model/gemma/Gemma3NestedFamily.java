package dev.lora4j.llm.model.gemma;

import dev.lora4j.llm.model.transformer.NestedFamily;

/** The text models of Gemma 3 with vision, from 4B on. */
public final class Gemma3NestedFamily extends NestedFamily {

  public Gemma3NestedFamily() {
    super("gemma3", "Gemma3ForConditionalGeneration", "gemma3_text");
  }
}
