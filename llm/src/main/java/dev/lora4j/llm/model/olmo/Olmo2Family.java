package dev.lora4j.llm.model.olmo;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
import dev.lora4j.llm.model.transformer.TransformerFamily;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** OLMo 2. */
public final class Olmo2Family extends TransformerFamily {

  public Olmo2Family() {
    super("olmo2", "Olmo2ForCausalLM");
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Olmo2(config(fields));
  }

  @Override
  protected double defaultEpsilon() {
    return 1e-5;
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

  @Override
  public List<String> defaultTargets() {
    return List.of("q_proj", "v_proj");
  }

  // ---- GGUF ----

  @Override
  public String ggufArchitecture() {
    return modelType();
  }

  @Override
  public Map<String, String> otherModules() {
    Map<String, String> modules = new HashMap<>(super.otherModules());
    modules.remove("model.layers.#.input_layernorm");
    modules.put("model.layers.#.post_attention_layernorm", "blk.#.post_attention_norm");
    modules.put("model.layers.#.post_feedforward_layernorm", "blk.#.post_ffw_norm");
    return modules;
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {
    config.put("attention_bias", tensors.contains("blk.0.attn_q.bias"));
  }
}
