package dev.lora4j.llm.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Configs of well-known models, without weights. */
final class Shapes {
  static final String GPT2_LARGE =
      """
      {"model_type": "gpt2", "vocab_size": 50257, "n_embd": 1280, "n_layer": 36, "n_head": 20,
       "n_positions": 1024}""";
  static final String SMOLLM2_135M = llama(49152, 576, 1536, 30, 9, 3, true);
  static final String TINY_LLAMA = llama(32000, 2048, 5632, 22, 32, 4, false);
  static final String LLAMA3_8B = llama(128256, 4096, 14336, 32, 32, 8, false);

  private Shapes() {}

  static String llama(
      int vocabulary,
      int hidden,
      int intermediate,
      int layers,
      int heads,
      int groups,
      boolean tied) {
    return """
        {"model_type": "llama", "vocab_size": %d, "hidden_size": %d, "intermediate_size": %d,
         "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
         "max_position_embeddings": 2048, "tie_word_embeddings": %b, "torch_dtype": "bfloat16"}"""
        .formatted(vocabulary, hidden, intermediate, layers, heads, groups, tied);
  }

  static ModelOutline outline(Path directory, String config) throws IOException {
    Path file = directory.resolve("config.json");
    Files.writeString(file, config);
    return ModelOutline.of(file);
  }
}
