package dev.lora4j.models.checkpoint;

import java.util.Set;

/**
 * What an adapter's keys tell of the layers that it adapts: each kind has its own.
 *
 * @param embeddings the paths of layers with factors of an embedding
 * @param others the paths of layers with factors of another layer
 */
record Hints(Set<String> embeddings, Set<String> others) {

  static Hints none() {
    return new Hints(Set.of(), Set.of());
  }

  /** The kind of the layer at a path, where the adapter knows better than its name. */
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
