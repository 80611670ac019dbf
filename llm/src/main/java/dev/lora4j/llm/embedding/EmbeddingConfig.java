package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ModelFiles;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The modules that sentence-transformers appends to a model, listed in {@code modules.json}.
 *
 * @param dense layers on the pooled vector, in order
 * @param normalized whether embeddings have the length 1
 */
public record EmbeddingConfig(TokenPooling pooling, List<DenseLayer> dense, boolean normalized) {
  public EmbeddingConfig {
    dense = List.copyOf(dense);
  }

  /** Pooling without further layers. */
  public EmbeddingConfig(TokenPooling pooling, boolean normalized) {
    this(pooling, List.of(), normalized);
  }

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

  /**
   * Returns the directories of the modules below a model's own, such as {@code 1_Pooling}; none for
   * a model without {@code modules.json}.
   */
  public static List<String> directories(ModelFiles files) {
    return ModuleList.in(files).map(ModuleList::directories).orElse(List.of());
  }

  /**
   * Returns the number of components of an embedding.
   *
   * @param hidden size of the pooled vector
   */
  public int dimensions(int hidden) {
    return dense.isEmpty() ? hidden : dense.get(dense.size() - 1).outputs();
  }

  /**
   * Checks that the dense layers fit one another.
   *
   * @param hidden size of the pooled vector
   * @throws UserError naming the layer that does not fit
   */
  public void check(ModelFiles files, int hidden) {
    int size = hidden;
    for (int i = 0; i < dense.size(); i++) {
      if (dense.get(i).inputs() != size) {
        throw new UserError(
            "%s: Dense module %d takes vectors of %d components, but those before it have %d"
                .formatted(files.path(), i + 1, dense.get(i).inputs(), size));
      }
      size = dense.get(i).outputs();
    }
  }

  /**
   * Applies the dense layers to pooled vectors.
   *
   * @param pooled {@code [B, H]}
   * @return {@code [B, dimensions]}
   */
  public Tensor projected(Tensor pooled) {
    Tensor result = pooled;
    for (DenseLayer layer : dense) {
      result = layer.forward(result);
    }
    return result;
  }

  /** Returns a pooled vector as an embedding: its first components, normalised if configured. */
  float[] embedding(float[] pooled, int dimensions) {
    float[] whole = pooled;
    for (DenseLayer layer : dense) {
      whole = layer.apply(whole);
    }
    float[] first = Arrays.copyOf(whole, dimensions);
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
