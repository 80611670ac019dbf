package dev.lora4j.lora;

import dev.lora4j.UserError;

/**
 * How a network is adapted; an immutable value.
 *
 * <pre>{@code
 * LoraConfig.rank(8).alpha(16).targets(Targets.named("q_proj", "v_proj"))
 * }</pre>
 *
 * @param rank {@code r}: columns of B, rows of A; PEFT's {@code r}
 * @param alpha the update is scaled by {@code alpha / rank}; PEFT's {@code lora_alpha}
 * @param targets which modules are adapted; PEFT's {@code target_modules}
 */
public record LoraConfig(int rank, double alpha, Targets targets) {

  public LoraConfig {
    if (rank < 1) {
      throw new UserError("rank must be at least 1, found " + rank);
    }
    if (!Double.isFinite(alpha)) {
      throw new UserError("alpha must be a finite number, found " + alpha);
    }
  }

  /** This rank, an alpha of the same size (so a scaling of 1), every linear layer. */
  public static LoraConfig rank(int rank) {
    return new LoraConfig(rank, rank, Targets.everyLinear());
  }

  public LoraConfig alpha(double alpha) {
    return new LoraConfig(rank, alpha, targets);
  }

  public LoraConfig targets(Targets targets) {
    return new LoraConfig(rank, alpha, targets);
  }

  /** {@code alpha / rank}. */
  public double scaling() {
    return alpha / rank;
  }
}
