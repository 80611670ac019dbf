package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ModelFiles;
import java.util.Arrays;
import java.util.Optional;

/**
 * The modules that sentence-transformers appends to a model, listed in {@code modules.json}.
 *
 * @param normalized whether embeddings have the length 1
 */
public record EmbeddingConfig(TokenPooling pooling, boolean normalized) {

  /**
   * Reads the modules of a model.
   *
   * @return empty if the model has no {@code modules.json}: it is no embedding model
   * @throws UserError if a module is not supported
   * @throws dev.lora4j.CorruptFile if a file is malformed
   */
  public static Optional<EmbeddingConfig> in(ModelFiles files) {
    return ModuleList.in(files).map(modules -> modules.embedding(files));
  }

  /** Returns a pooled vector as an embedding: its first components, normalised if configured. */
  float[] embedding(float[] pooled, int dimensions) {
    float[] first = Arrays.copyOf(pooled, dimensions);
    return normalized ? normalized(first) : first;
  }

  private static float[] normalized(float... embedding) {
    double squares = 0;
    for (float value : embedding) {
      squares += (double) value * value;
    }
    double norm = Math.max(Math.sqrt(squares), 1e-12);
    for (int i = 0; i < embedding.length; i++) {
      embedding[i] = (float) (embedding[i] / norm);
    }
    return embedding;
  }
}
