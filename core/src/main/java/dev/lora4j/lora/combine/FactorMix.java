package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Mixes the A's and the B's separately, each with the square root of the weight; A's weight takes
 * the sign.
 */
record FactorMix(FactorCombiner mixer, String word) implements CombineRule {
  @Override
  public int rank(String path, List<CombinedPart> parts) {
    int rank = parts.get(0).delta().rank();
    if (parts.stream().anyMatch(part -> part.delta().rank() != rank)) {
      throw new UserError(
          "%s requires equal ranks, but at '%s' they are %s; use cat or svd"
              .formatted(word, path, ranks(parts)));
    }
    return rank;
  }

  private static String ranks(List<CombinedPart> parts) {
    return parts.stream()
        .map(part -> part.delta().rank() + " of '" + part.adapter() + "'")
        .collect(Collectors.joining(", "));
  }

  @Override
  public CombinedFactors combine(List<CombinedPart> parts) {
    double[] products = parts.stream().mapToDouble(CombinedPart::weightOfProduct).toArray();
    double[] ofA = new double[products.length];
    double[] ofB = new double[products.length];
    for (int i = 0; i < products.length; i++) {
      ofB[i] = Math.sqrt(Math.abs(products[i]));
      ofA[i] = Math.copySign(ofB[i], products[i]);
    }
    return new CombinedFactors(
        mixer.mix(parts.stream().map(part -> part.delta().a().value()).toList(), ofA),
        mixer.mix(parts.stream().map(part -> part.delta().b().value()).toList(), ofB));
  }
}
