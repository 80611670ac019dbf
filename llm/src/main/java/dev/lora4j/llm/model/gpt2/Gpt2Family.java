package dev.lora4j.llm.model.gpt2;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.ConfigSizes;
import dev.lora4j.llm.model.ConfigSizes.Dimension;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.lora.format.GgufArchitecture;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** GPT-2. */
public final class Gpt2Family implements ModelFamily, GgufNames {
  private static final Pattern MASKS = Pattern.compile(".*\\.attn\\.(bias|masked_bias)");
  private static final Map<String, String> MODULES =
      Map.of(
          "transformer.wte", "token_embd",
          "transformer.wpe", "position_embd",
          "transformer.ln_f", "output_norm",
          "lm_head", "output",
          "transformer.h.#.ln_1", "blk.#.attn_norm",
          "transformer.h.#.ln_2", "blk.#.ffn_norm");

  private static final ConfigSizes SIZES =
      new ConfigSizes(
          "n_layer",
          "transformer.h.",
          List.of(
              new Dimension("transformer.wte.weight", 0, "vocab_size"),
              new Dimension("transformer.wte.weight", 1, "n_embd"),
              new Dimension("transformer.wpe.weight", 0, "n_positions"),
              new Dimension("transformer.h.0.mlp.c_fc.weight", 1, "n_inner")));

  @Override
  public String modelType() {
    return Gpt2Config.MODEL_TYPE;
  }

  @Override
  public String architecture() {
    return "GPT2LMHeadModel";
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Gpt2(Gpt2Config.of(fields));
  }

  @Override
  public ConfigSizes sizes() {
    return SIZES;
  }

  @Override
  public String prefix() {
    return "transformer.";
  }

  @Override
  public Pattern ignoredTensors() {
    return MASKS;
  }

  @Override
  public Optional<GgufNames> gguf() {
    return Optional.of(this);
  }

  @Override
  public String ggufArchitecture() {
    return Gpt2Config.MODEL_TYPE;
  }

  @Override
  public GgufArchitecture layers(int heads, int groups) {
    return GgufArchitecture.gpt2();
  }

  @Override
  public Map<String, String> otherModules() {
    return MODULES;
  }
}
