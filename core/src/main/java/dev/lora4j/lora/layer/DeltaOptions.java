package dev.lora4j.lora.layer;

import dev.lora4j.nn.Checks;

/**
 * The options of an adapter's config for one layer.
 *
 * @param rank {@code r}
 * @param scaling the factor of {@code B A}
 * @param dropout probability that an input of A is set to zero in training
 * @param bias whether B has a bias ({@code lora_bias})
 * @param dora whether outputs are rescaled by a trained magnitude ({@code use_dora})
 * @param initialization how A and B are initialised
 */
public record DeltaOptions(
    int rank,
    double scaling,
    double dropout,
    boolean bias,
    boolean dora,
    Initialization initialization) {

  public DeltaOptions {
    requireRank(rank);
  }

  /** Plain LoRA without dropout. */
  static DeltaOptions of(int rank, double alpha) {
    return new DeltaOptions(
        requireRank(rank), alpha / rank, 0, false, false, new Initialization.Standard());
  }

  public static int requireRank(int rank) {
    return (int) Checks.positive("rank", rank);
  }
}
