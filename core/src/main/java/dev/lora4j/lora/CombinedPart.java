package dev.lora4j.lora;

import dev.lora4j.nn.Conv;

/**
 * One adapter's share in a combined layer.
 *
 * @param adapter its name
 * @param update its update of the layer
 * @param weight its weight in the combination
 */
record CombinedPart(String adapter, Update update, double weight) {

  /** The weight of {@code B A}, which is not scaled yet. */
  double weightOfProduct() {
    return weight * update.scaling().toDouble();
  }

  /** Into how many parts the rank falls: more than one only below convolutions with groups. */
  long groups() {
    return update.base() instanceof Conv conv ? conv.options().groups() : 1;
  }
}
