package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.nn.conv.Conv;

/** One adapter's weighted contribution to a combined layer. */
public record CombinedPart(String adapter, FactoredDelta delta, double weight) {

  /** Returns the weight of the unscaled {@code B A}. */
  double weightOfProduct() {
    return weight * delta.factor();
  }

  /** Returns the largest rank that a delta of the layer can have. */
  long fullRank() {
    long inputs = delta.a().numel() / delta.rank();
    long outputs = delta.b().numel() / delta.rank();
    return Math.min(inputs, outputs);
  }

  /** Refuses a layer whose delta can't be added to its weight. */
  void requireDelta(String path, String word) {
    if (groups() > 1) {
      throw new UserError(
          "'%s' is a convolution with groups, which can't be combined by %s; use cat"
              .formatted(path, word));
    }
  }

  /** Returns the number of groups of a convolution; 1 for other layers. */
  long groups() {
    return delta.base() instanceof Conv conv ? conv.options().groups() : 1;
  }
}
