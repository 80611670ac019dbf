package dev.lora4j.lora.merge;

import java.util.Locale;

/**
 * What a merge changed in a network's answers to some samples: merged against unmerged with the
 * same adapters active. Rounding alone makes them differ.
 *
 * @param samples how many inputs were compared
 * @param largest the largest difference of an output number
 * @param mean the mean difference of an output number
 * @param divergence the mean of {@code KL(unmerged ‖ merged)} of the softmax over the last axis, in
 *     nats
 * @param agreement the share of rows along the last axis whose largest number is in the same place
 */
public record MergeReceipt(
    int samples, double largest, double mean, double divergence, double agreement) {

  /** The receipt in one line. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "merged, compared on %d samples: outputs at most %.3g apart, %.3g on average; KL divergence"
            + " %.3g nats; %.2f %% of top-1 answers the same",
        samples,
        largest,
        mean,
        divergence,
        100 * agreement);
  }
}
