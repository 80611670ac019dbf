package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.transformer.NestedFamily;

/** The text models of Mistral Small 3.1 and Ministral 3 with vision. */
public final class Mistral3Family extends NestedFamily {

  public Mistral3Family() {
    super("mistral3", "Mistral3ForConditionalGeneration", "mistral");
  }
}
