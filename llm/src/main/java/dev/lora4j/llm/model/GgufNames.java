package dev.lora4j.llm.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.lora.format.GgufArchitecture;
import java.util.Map;
import java.util.Set;

/** llama.cpp's names and layout for the models of a family in a GGUF file. */
public interface GgufNames {

  /** The value of {@code general.architecture}. */
  String ggufArchitecture();

  /** The linear layers in both namings and the order of their rows, by numbers of heads. */
  GgufArchitecture layers(int heads, int groups);

  /** The other modules, transformers' names to llama.cpp's; {@code #} is the number of a layer. */
  Map<String, String> otherModules();

  /** Numbers that a Llama does not have: {@code config.json} keys to metadata keys. */
  default Map<String, String> numbers() {
    return Map.of();
  }

  /** Returns whether files with a sliding window belong to this family, not those without one. */
  default boolean hasWindows() {
    return false;
  }

  /** Adds the boolean fields of {@code config.json} that follow from llama.cpp's tensors. */
  default void addFlags(Set<String> tensors, ObjectNode config) {}
}
