package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A's are mixed with A's, and B's with B's: each with the root of the weight, and A's with its sign
 * too.
 */
record FactorMix(FactorCombiner mixer, String word) implements CombineRule {
  @Override
  public int rank(String path, List<CombinedPart> parts) {
    int rank = parts.get(0).update().rank();
    if (parts.stream().anyMatch(part -> part.update().rank() != rank)) {
      throw new UserError(
          "%s needs equal ranks, and at '%s' they are: %s; use cat, or svd"
              .formatted(word, path, ranks(parts)));
    }
    return rank;
  }

  private static String ranks(List<CombinedPart> parts) {
    return parts.stream()
        .map(part -> part.update().rank() + " of '" + part.adapter() + "'")
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
        mixer.mix(parts.stream().map(part -> part.update().a().value()).toList(), ofA),
        mixer.mix(parts.stream().map(part -> part.update().b().value()).toList(), ofB));
  }
}
