package dev.lora4j.llm.model.llama;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import java.util.List;
import java.util.Map;

/** Granite 3 and 4, dense: a Llama with four multipliers. */
public final class GraniteFamily extends LlamaFamily {
  private static final String EMBEDDING = "embedding_multiplier";
  private static final String ATTENTION = "attention_multiplier";
  private static final String RESIDUAL = "residual_multiplier";
  private static final String LOGITS = "logits_scaling";

  public GraniteFamily() {
    super("granite", "GraniteForCausalLM");
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Granite(graniteConfig(fields));
  }

  GraniteConfig graniteConfig(JsonDocument fields) {
    return new GraniteConfig(
        config(fields),
        fields.number(EMBEDDING, 1),
        fields.number(ATTENTION, 1),
        fields.number(RESIDUAL, 1),
        fields.number(LOGITS, 1));
  }

  @Override
  protected Map<String, Object> unsupportedFields() {
    Map<String, Object> off = super.unsupportedFields();
    off.keySet().removeAll(List.of(EMBEDDING, ATTENTION, RESIDUAL, LOGITS));
    return off;
  }

  @Override
  public List<String> defaultTargets() {
    return List.of("q_proj", "v_proj");
  }

  @Override
  public String ggufArchitecture() {
    return modelType();
  }

  @Override
  public Map<String, String> numbers() {
    return Map.of(
        EMBEDDING, "embedding_scale",
        ATTENTION, "attention.scale",
        RESIDUAL, "residual_scale",
        LOGITS, "logit_scale");
  }
}
