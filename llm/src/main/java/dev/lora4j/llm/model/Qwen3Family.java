package dev.lora4j.llm.model;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LlamaConfig.Biases;

/** Qwen3: a Qwen2 without biases by default, whose query and key heads are normalised. */
public final class Qwen3Family extends Qwen2Family {

  @Override
  public String modelType() {
    return "qwen3";
  }

  @Override
  public String architecture() {
    return "Qwen3ForCausalLM";
  }

  @Override
  int defaultHeadDim(int hidden, int heads) {
    return 128;
  }

  @Override
  boolean normalisesQueriesAndKeys() {
    return true;
  }

  @Override
  Biases biases(JsonDocument fields) {
    boolean attention = fields.flag("attention_bias", false);
    return new Biases(attention, attention, false);
  }
}
