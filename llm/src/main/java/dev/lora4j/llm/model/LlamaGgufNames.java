package dev.lora4j.llm.model;

import dev.lora4j.lora.format.GgufArchitecture;
import java.util.Map;

/**
 * llama.cpp's names for a Llama-like architecture.
 *
 * @param architecture the value of {@code general.architecture}
 * @param interleaved whether the rows of each query and key head are interleaved, as GGML's first
 *     kind of rotary embedding wants them
 * @param numbers {@code config.json} keys to metadata keys, beyond a Llama's
 */
record LlamaGgufNames(String architecture, boolean interleaved, Map<String, String> numbers)
    implements GgufNames {
  private static final Map<String, String> MODULES =
      Map.of(
          "model.embed_tokens", "token_embd",
          "model.norm", "output_norm",
          "lm_head", "output",
          "model.layers.#.input_layernorm", "blk.#.attn_norm",
          "model.layers.#.post_attention_layernorm", "blk.#.ffn_norm",
          "model.layers.#.self_attn.q_norm", "blk.#.attn_q_norm",
          "model.layers.#.self_attn.k_norm", "blk.#.attn_k_norm");

  @Override
  public GgufArchitecture layers(int heads, int groups) {
    GgufArchitecture llama = GgufArchitecture.llama(heads, groups);
    return new GgufArchitecture(
        architecture, llama.layers(), interleaved ? llama.rotated() : Map.of());
  }

  @Override
  public Map<String, String> otherModules() {
    return MODULES;
  }
}
