package dev.lora4j.lora.init;

import dev.lora4j.io.TensorDigest;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** What is learned of one layer's inputs, or of those of several that are given the same. */
final class EvaLayer implements AutoCloseable {
  private final int wanted;
  private final double tau;
  private final boolean[] converged;
  private final IncrementalPca pca;
  private @Nullable String firstInput;

  /**
   * @param wanted how many components may be needed
   * @param tau the cosine from which on a component counts as found
   */
  EvaLayer(int wanted, double tau) {
    this.wanted = wanted;
    this.tau = tau;
    converged = new boolean[wanted];
    pca = new IncrementalPca(wanted);
  }

  /** The digest of the very first input, by which layers that are given the same are found. */
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
    float[] resemblance = pca.add(rows);
    for (int i = 0; i < wanted; i++) {
      converged[i] = resemblance[i] >= tau;
    }
  }

  /** Whether the first components are found. */
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
