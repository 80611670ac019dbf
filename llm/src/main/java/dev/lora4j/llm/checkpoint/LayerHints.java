package dev.lora4j.llm.checkpoint;

import java.util.Set;

/** The paths of layers with embedding factors, and with others, that an adapter's keys imply. */
public record LayerHints(Set<String> embeddings, Set<String> others) {

  static LayerHints none() {
    return new LayerHints(Set.of(), Set.of());
  }

  /** Returns the kind of a layer, corrected by the adapter's keys. */
  LayerKinds.Kind correct(String path, LayerKinds.Kind guess) {
    if (guess == LayerKinds.Kind.EMBEDDING && others.contains(path)) {
      return LayerKinds.Kind.LINEAR;
    }
    if (guess == LayerKinds.Kind.LINEAR && embeddings.contains(path)) {
      return LayerKinds.Kind.EMBEDDING;
    }
    return guess;
  }
}
