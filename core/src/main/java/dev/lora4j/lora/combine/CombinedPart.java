package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.FactoredDelta;
import dev.lora4j.nn.Conv;

/**
 * One adapter's share in a combined layer.
 *
 * @param adapter its name
 * @param update its update of the layer
 * @param weight its weight in the combination
 */
public record CombinedPart(String adapter, FactoredDelta update, double weight) {

  /** The weight of {@code B A}, which is not scaled yet. */
  double weightOfProduct() {
    return weight * update.factor();
  }

  /** The largest rank that an update of the layer can have. */
  long fullRank() {
    long inputs = update.a().numel() / update.rank();
    long outputs = update.b().numel() / update.rank();
    return Math.min(inputs, outputs);
  }

  /** Refuses a layer whose update is no addition to its weight. */
  void requireDelta(String path, String word) {
    if (groups() > 1) {
      throw new UserError(
          "'%s' is a convolution with groups, which can't be combined by %s; use cat"
              .formatted(path, word));
    }
  }

  /** Into how many parts the rank falls: more than one only below convolutions with groups. */
  long groups() {
    return update.base() instanceof Conv conv ? conv.options().groups() : 1;
  }
}
