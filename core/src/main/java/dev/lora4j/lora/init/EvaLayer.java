package dev.lora4j.lora.init;

import dev.lora4j.io.TensorDigest;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The principal components of one layer's inputs, or of the equal inputs of several layers. */
final class EvaLayer implements AutoCloseable {
  private final int wanted;
  private final double tau;
  private final boolean[] converged;
  private final IncrementalPca pca;
  private @Nullable String firstInput;

  /** Computes the wanted number of components; one has converged at a cosine similarity of tau. */
  EvaLayer(int wanted, double tau) {
    this.wanted = wanted;
    this.tau = tau;
    converged = new boolean[wanted];
    pca = new IncrementalPca(wanted);
  }

  /** Stores the digest of the first input, by which layers with equal inputs are recognised. */
  void recognize(Tensor rows) {
    if (firstInput == null) {
      firstInput = Arrays.toString(rows.shape()) + TensorDigest.of(rows);
    }
  }

  @Nullable String firstInput() {
    return firstInput;
  }

  void learn(Tensor rows) {
    if (!pca.canTake(rows)) {
      return;
    }
    float[] similarity = pca.add(rows);
    for (int i = 0; i < wanted; i++) {
      converged[i] = similarity[i] >= tau;
    }
  }

  /** Returns whether the first {@code rank} components have converged. */
  boolean isFound(int rank) {
    for (int i = 0; i < rank; i++) {
      if (!converged[i]) {
        return false;
      }
    }
    return true;
  }

  int wanted() {
    return wanted;
  }

  IncrementalPca pca() {
    return pca;
  }

  @Override
  public void close() {
    pca.close();
  }
}
