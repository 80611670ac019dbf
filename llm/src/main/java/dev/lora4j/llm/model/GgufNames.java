package dev.lora4j.llm.model;

import dev.lora4j.lora.format.GgufArchitecture;
import java.util.Map;

/** How llama.cpp stores the models of a family in a GGUF file. */
public interface GgufNames {

  /** The value of {@code general.architecture}. */
  String architecture();

  /**
   * The linear layers, by transformers' names and by llama.cpp's, and the order of their rows.
   *
   * @param heads number of attention heads
   * @param groups number of key/value heads
   */
  GgufArchitecture layers(int heads, int groups);

  /** The other modules, transformers' names to llama.cpp's; {@code #} is the number of a layer. */
  Map<String, String> otherModules();

  /**
   * Numbers that a Llama does not have: {@code config.json} keys to metadata keys without the
   * architecture's prefix.
   */
  default Map<String, String> numbers() {
    return Map.of();
  }
}
