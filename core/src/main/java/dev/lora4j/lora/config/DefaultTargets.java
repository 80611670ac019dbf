package dev.lora4j.lora.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** PEFT's default target modules of known architectures. */
final class DefaultTargets {
  private static final String TARGETS_AND_TYPES =
      """
      q_proj v_proj: bart gemma gemma2 gemma3_text gpt_neo gptj llama llama4 mistral mixtral opt
      q_proj v_proj: qwen2 qwen3 stablelm
      query value: bert electra layoutlm roberta xlm-roberta
      query_key_value: RefinedWeb RefinedWebModel bloom chatglm falcon gpt_neox
      q v: mt5 t5
      c_attn: gpt2 gpt_bigcode
      c_proj c_attn: btlm
      q v q_proj v_proj: blip-2
      qkv_proj: codegen
      in_proj: deberta
      query_proj value_proj: deberta-v2
      Wqkv: mpt
      q_proj k_proj v_proj o_proj: nemotron_h
      q_proj v_proj fc1 fc2: phi
      key value receptance output: rwkv
      r_proj k_proj v_proj o_proj key value: rwkv7
      """;
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
    Map<String, Targets> table = new LinkedHashMap<>();
    for (String line : TARGETS_AND_TYPES.lines().toList()) {
      String[] sides = line.split(": ", 2);
      Targets targets = Targets.named(sides[0].split(" "));
      List.of(sides[1].split(" ")).forEach(type -> table.put(type, targets));
    }
    table.put("gemma4", Targets.matching(".*language_model\\..*\\.(q_proj|v_proj)"));
    return table;
  }
}
