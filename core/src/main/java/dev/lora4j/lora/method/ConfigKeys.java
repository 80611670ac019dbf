package dev.lora4j.lora.method;

import dev.lora4j.lora.config.LoraConfig;
import java.util.Set;

/** The keys of PEFT's {@code adapter_config.json}, by support. */
public final class ConfigKeys {

  /** Keys that {@link LoraConfig} has a component for or that follow from the file. */
  public static final Set<String> KNOWN =
      keys(
          """
          peft_type r lora_alpha target_modules exclude_modules lora_dropout bias lora_bias
          use_rslora use_dora init_lora_weights eva_config rank_pattern alpha_pattern
          layers_to_transform layers_pattern modules_to_save target_parameters
          trainable_token_indices fan_in_fan_out inference_mode""");

  /** Unsupported keys that change the computation unless their value means "off". */
  public static final Set<String> MUST_BE_OFF =
      keys(
          """
          alora_invocation_tokens arrow_config kasa_config layer_replication monteclora_config
          use_bdlora use_qalora velora_config""");

  /** Initialisations that change the base in a way that can't be repeated from the base alone. */
  public static final Set<String> UNREPEATABLE = Set.of("corda", "lora_ga");

  private ConfigKeys() {}

  private static Set<String> keys(String words) {
    return Set.of(words.split("\\s+"));
  }
}
