package dev.lora4j.llm.model.transformer;

import dev.lora4j.nn.RmsNorm;

/**
 * The RMSNorms of a model.
 *
 * @param aroundOne whether they multiply by {@code 1 + weight} (Gemma)
 */
public record NormConfig(double epsilon, boolean aroundOne) {

  /** Norms that multiply by their weight. */
  public static NormConfig plain(double epsilon) {
    return new NormConfig(epsilon, false);
  }

  /** Creates a norm of this size. */
  RmsNorm create(int dim) {
    return aroundOne ? RmsNorm.aroundOne(dim, epsilon) : new RmsNorm(dim, epsilon);
  }
}
