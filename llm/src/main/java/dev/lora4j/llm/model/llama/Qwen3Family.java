package dev.lora4j.llm.model.llama;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
import java.util.Set;

/** Qwen3: a Qwen2 without biases by default, whose query and key heads are normalised. */
public class Qwen3Family extends Qwen2Family {

  public Qwen3Family() {
    this("qwen3", "Qwen3ForCausalLM");
  }

  Qwen3Family(String modelType, String architecture) {
    super(modelType, architecture);
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {
    super.addFlags(tensors, config);
    config.put("attention_bias", tensors.contains("blk.0.attn_q.bias"));
  }

  @Override
  protected int defaultHeadDim(int hidden, int heads) {
    return 128;
  }

  @Override
  protected boolean normalisesQueriesAndKeys() {
    return true;
  }

  @Override
  protected Biases biases(JsonDocument fields) {
    boolean attention = fields.flag("attention_bias", false);
    return new Biases(attention, attention, false);
  }
}
