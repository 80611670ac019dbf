package dev.lora4j.lora.merge;

import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.List;

/**
 * The largest change of outputs that a merge may cause; a merge that causes more is undone.
 *
 * @param largest limit of {@link MergeReceipt#largest}
 * @param divergence limit of {@link MergeReceipt#divergence}, in nats
 * @param agreement lower limit of {@link MergeReceipt#agreement}, in [0, 1]
 */
public record MergeLimits(double largest, double divergence, double agreement) {

  public MergeLimits {
    if (!(largest >= 0 && divergence >= 0)) {
      throw new UserError(
          "limits of a merge must be at least 0, found %s and %s".formatted(largest, divergence));
    }
    if (!(agreement >= 0 && agreement <= 1)) {
      throw new UserError("the agreement must be in [0, 1], found " + agreement);
    }
  }

  /** Limits the change of every output value. */
  public static MergeLimits largest(double largest) {
    return new MergeLimits(largest, Double.POSITIVE_INFINITY, 0);
  }

  /** Allows any change, as long as all values stay finite. */
  public static MergeLimits none() {
    return largest(Double.POSITIVE_INFINITY);
  }

  /** Limits the KL divergence, in nats. */
  public MergeLimits divergence(double divergence) {
    return new MergeLimits(largest, divergence, agreement);
  }

  /** Requires a share of top-1 predictions to stay the same. */
  public MergeLimits agreement(double agreement) {
    return new MergeLimits(largest, divergence, agreement);
  }

  /** Describes the limits that are exceeded. NaN exceeds every limit. */
  public List<String> brokenBy(MergeReceipt receipt) {
    List<String> broken = new ArrayList<>();
    if (!(receipt.largest() <= largest)) {
      broken.add(
          "outputs differ by %.3g, at most %.3g allowed".formatted(receipt.largest(), largest));
    }
    if (!(receipt.divergence() <= divergence)) {
      broken.add(
          "the KL divergence is %.3g nats, at most %.3g allowed"
              .formatted(receipt.divergence(), divergence));
    }
    if (!(receipt.agreement() >= agreement)) {
      broken.add(
          "%.2f %% of top-1 predictions are the same, at least %.2f %% required"
              .formatted(100 * receipt.agreement(), 100 * agreement));
    }
    return broken;
  }
}
