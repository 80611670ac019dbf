package dev.lora4j.nn.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/**
 * The weights of a linear layer for decoding: {@code y = m ∘ (W x + Σ scale · B A x) + b} of single
 * rows. The low-rank terms are in float32, whatever the weight is in.
 *
 * @param weight {@code [out, in]}
 * @param bias {@code [out]}
 * @param updates the low-rank terms
 * @param outputScale DoRA's factor m of each output
 */
public record LinearWeights(
    WeightMatrix weight,
    Optional<FloatVector> bias,
    List<LowRank> updates,
    Optional<OutputScale> outputScale) {

  /** A factor of each output. */
  public static final class OutputScale {
    private final float[] factors;

    /** Copies the factors, {@code [out]}. */
    public OutputScale(Tensor factors) {
      this.factors = Ops.floats(factors);
    }

    private void multiply(FloatVector y, int place, long first, long count) {
      for (int i = 0; i < count; i++) {
        y.put(place + i, y.get(place + i) * factors[(int) first + i]);
      }
    }
  }

  /**
   * A low-rank term, {@code scale · B A x}.
   *
   * @param a {@code [rank, in]}
   * @param b {@code [out, rank]}
   */
  public record LowRank(FloatMatrix a, FloatMatrix b, float scale) {

    /**
     * Returns the term of these tensors, which must outlive it; empty unless both are float32 in
     * plain CPU memory.
     *
     * @param a {@code [rank, in]}
     * @param b {@code [out, rank]}
     */
    public static Optional<LowRank> of(Tensor a, Tensor b, double scale) {
      return FloatMatrix.isOne(a) && FloatMatrix.isOne(b)
          ? Optional.of(new LowRank(FloatMatrix.of(a), FloatMatrix.of(b), (float) scale))
          : Optional.empty();
    }
  }

  public LinearWeights {
    updates = List.copyOf(updates);
  }

  /**
   * Returns the layer of these tensors, which must outlive it; empty unless they are float32 in
   * plain CPU memory.
   *
   * @param weight {@code [out, in]}
   * @param bias {@code [out]}
   */
  public static Optional<LinearWeights> of(Tensor weight, Optional<Tensor> bias) {
    return FloatMatrix.isOne(weight) ? of(FloatMatrix.of(weight), bias) : Optional.empty();
  }

  /** The same of another weight. */
  public static Optional<LinearWeights> of(WeightMatrix weight, Optional<Tensor> bias) {
    return bias.map(FloatVector::isOne).orElse(true)
        ? Optional.of(
            new LinearWeights(weight, bias.map(FloatVector::over), List.of(), Optional.empty()))
        : Optional.empty();
  }

  /** Returns the layer with another low-rank term; empty after a scale of the outputs. */
  public Optional<LinearWeights> plus(LowRank update) {
    if (outputScale.isPresent()) {
      return Optional.empty();
    }
    List<LowRank> more = new ArrayList<>(updates);
    more.add(update);
    return Optional.of(new LinearWeights(weight, bias, more, outputScale));
  }

  /** Returns the layer with scaled outputs, apart from the bias. */
  public LinearWeights scaled(OutputScale factors) {
    return new LinearWeights(weight, bias, updates, Optional.of(factors));
  }

  /** Returns whether the weight, apart from bias and low-rank terms, is the same memory. */
  boolean sharesWeight(LinearWeights other) {
    return weight.isSameAs(other.weight);
  }

  /** Sum of the terms' ranks. */
  int ranks() {
    return updates.stream().mapToInt(update -> Math.toIntExact(update.a().rows())).sum();
  }

  /** Writes {@code A x} of each term into a row, from an index on. */
  void features(FloatVector x, FloatVector features, int place) {
    for (LowRank update : updates) {
      update.a().multiply(x.from(0), 1, features.from(place));
      place += Math.toIntExact(update.a().rows());
    }
  }

  /** Computes {@code count} outputs from the first on, and writes them into y from an index on. */
  void outputs(
      RowInput x,
      FloatVector features,
      int featuresPlace,
      long first,
      long count,
      FloatVector y,
      int place) {
    weight.multiply(x, first, count, y, place);
    addTerms(features, featuresPlace, first, count, y, place);
  }

  /** Computes the sum of the low-rank terms, from their {@code A x}. */
  void terms(FloatVector features, int featuresPlace, FloatPointer terms) {
    for (int i = 0; i < updates.size(); i++) {
      LowRank update = updates.get(i);
      if (i == 0) {
        update.b().multiply(features.from(featuresPlace), update.scale(), terms);
      } else {
        update.b().addProduct(features.from(featuresPlace), update.scale(), terms);
      }
      featuresPlace += Math.toIntExact(update.a().rows());
    }
  }

  /** Returns whether outputs are completed by low-rank terms, and by nothing else. */
  boolean onlyAddsTerms() {
    return !updates.isEmpty() && outputScale.isEmpty() && bias.isEmpty();
  }

  /** Completes all outputs of the weight with its low-rank terms, at an index of both. */
  void complete(FloatVector terms, FloatVector y, int place) {
    if (!updates.isEmpty()) {
      y.addRange(terms, place, Math.toIntExact(weight.rows()));
    }
    outputScale.ifPresent(factors -> factors.multiply(y, place, 0, weight.rows()));
    bias.ifPresent(b -> y.add(b, 0, weight.rows(), place));
  }

  /** Completes {@code count} outputs of the weight from the first on. */
  void addTerms(
      FloatVector features, int featuresPlace, long first, long count, FloatVector y, int place) {
    if (outputScale.isEmpty()) {
      bias.ifPresent(b -> y.add(b, first, count, place));
    }
    for (LowRank update : updates) {
      FloatMatrix b = update.b().rows(first, count);
      b.addProduct(features.from(featuresPlace), update.scale(), y.from(place));
      featuresPlace += Math.toIntExact(update.a().rows());
    }
    outputScale.ifPresent(
        factors -> {
          factors.multiply(y, place, first, count);
          bias.ifPresent(b -> y.add(b, first, count, place));
        });
  }
}
