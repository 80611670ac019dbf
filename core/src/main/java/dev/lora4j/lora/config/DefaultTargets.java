package dev.lora4j.lora.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** PEFT's default target modules of known architectures. */
final class DefaultTargets {
  private static final Map<String, Targets> BY_MODEL_TYPE = table();

  private DefaultTargets() {}

  /** Returns the targets of a Hugging Face {@code model_type}. */
  static Optional<Targets> of(String modelType) {
    return Optional.ofNullable(BY_MODEL_TYPE.get(modelType));
  }

  static Set<String> knownTypes() {
    return BY_MODEL_TYPE.keySet();
  }

  private static Map<String, Targets> table() {
    Map<List<String>, List<String>> typesByNames = new LinkedHashMap<>();
    typesByNames.put(
        List.of("q_proj", "v_proj"),
        List.of(
            "bart",
            "gemma",
            "gemma2",
            "gemma3_text",
            "gpt_neo",
            "gptj",
            "llama",
            "llama4",
            "mistral",
            "mixtral",
            "opt",
            "qwen2",
            "qwen3",
            "stablelm"));
    typesByNames.put(
        List.of("query", "value"),
        List.of("bert", "electra", "layoutlm", "roberta", "xlm-roberta"));
    typesByNames.put(
        List.of("query_key_value"),
        List.of("RefinedWeb", "RefinedWebModel", "bloom", "chatglm", "falcon", "gpt_neox"));
    typesByNames.put(List.of("q", "v"), List.of("mt5", "t5"));
    typesByNames.put(List.of("c_attn"), List.of("gpt2", "gpt_bigcode"));
    typesByNames.put(List.of("c_proj", "c_attn"), List.of("btlm"));
    typesByNames.put(List.of("q", "v", "q_proj", "v_proj"), List.of("blip-2"));
    typesByNames.put(List.of("qkv_proj"), List.of("codegen"));
    typesByNames.put(List.of("in_proj"), List.of("deberta"));
    typesByNames.put(List.of("query_proj", "value_proj"), List.of("deberta-v2"));
    typesByNames.put(List.of("Wqkv"), List.of("mpt"));
    typesByNames.put(List.of("q_proj", "k_proj", "v_proj", "o_proj"), List.of("nemotron_h"));
    typesByNames.put(List.of("q_proj", "v_proj", "fc1", "fc2"), List.of("phi"));
    typesByNames.put(List.of("key", "value", "receptance", "output"), List.of("rwkv"));
    typesByNames.put(
        List.of("r_proj", "k_proj", "v_proj", "o_proj", "key", "value"), List.of("rwkv7"));

    Map<String, Targets> table = new LinkedHashMap<>();
    typesByNames.forEach(
        (names, types) -> types.forEach(type -> table.put(type, Targets.named(names))));
    table.put("gemma4", Targets.matching(".*language_model\\..*\\.(q_proj|v_proj)"));
    return table;
  }
}
