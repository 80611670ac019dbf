package dev.lora4j.llm.model.llama;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.transformer.TransformerFamily;

/** Llama 2 and 3, SmolLM2, TinyLlama; subclasses for relatives override the differences. */
public class LlamaFamily extends TransformerFamily {

  public LlamaFamily() {
    this("llama", "LlamaForCausalLM");
  }

  LlamaFamily(String modelType, String architecture) {
    super(modelType, architecture);
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Llama(config(fields));
  }

  @Override
  public String ggufArchitecture() {
    return "llama";
  }

  @Override
  protected boolean interleavesHeads() {
    return true;
  }
}
