package dev.lora4j.lora.merge;

import java.util.Locale;

/**
 * The change of a network's outputs by a merge, measured on samples: only rounding.
 *
 * @param largest the largest difference of an output value
 * @param mean the mean difference of the output values
 * @param divergence the mean {@code KL(unmerged ‖ merged)} of softmax over the last axis, in nats
 * @param agreement the share of rows along the last axis with the same top-1
 */
public record MergeReceipt(
    int samples, double largest, double mean, double divergence, double agreement) {

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "merged, compared on %d samples: outputs at most %.3g apart, %.3g on average; KL divergence"
            + " %.3g nats; %.2f %% of top-1 predictions the same",
        samples,
        largest,
        mean,
        divergence,
        100 * agreement);
  }
}
