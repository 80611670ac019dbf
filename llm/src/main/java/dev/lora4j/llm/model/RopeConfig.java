package dev.lora4j.llm.model;

import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The settings of rotary position embeddings.
 *
 * @param theta base of the frequencies
 * @param dim size of the rotated part of a head, its beginning
 * @param multiplier factor of all rotations; its square scales the attention scores
 * @param queryScale factor of the queries by their position, if there is one
 */
public record RopeConfig(
    double theta,
    int dim,
    RopeScaling scaling,
    double multiplier,
    Optional<QueryScale> queryScale) {

  /**
   * A factor {@code 1 + β ln(1 + ⌊position / originalPositions⌋)} of the queries, which keeps the
   * attention sharp in long texts (Llama 4, Ministral 3).
   */
  public record QueryScale(double beta, double originalPositions) {

    /** The factor at one position. */
    public float at(long position) {
      return (float) (1 + beta * Math.log(1 + Math.floor(position / originalPositions)));
    }

    /** The factors at positions, int64, of the same shape. */
    Tensor at(Tensor positions) {
      Tensor rounds = positions.to(ScalarType.Float).div(new Scalar(originalPositions)).floor();
      return rounds.log1p().mul(new Scalar(beta)).add(new Scalar(1.0));
    }
  }

  /** Rotations of whole heads. */
  public static RopeConfig of(double theta, int headDim, RopeScaling scaling) {
    return new RopeConfig(theta, headDim, scaling, 1, Optional.empty());
  }

  /** Returns the settings with another multiplier. */
  public RopeConfig times(double factor) {
    return new RopeConfig(theta, dim, scaling, factor, queryScale);
  }

  /**
   * Returns the settings with which attention, which divides scores by {@code √headDim}, multiplies
   * them by this factor instead.
   */
  public RopeConfig withScoreScale(double scale, int headDim) {
    return times(Math.sqrt(scale * Math.sqrt(headDim)));
  }

  /** Returns the settings with a factor of the queries by their position. */
  public RopeConfig with(QueryScale scale) {
    return new RopeConfig(theta, dim, scaling, multiplier, Optional.of(scale));
  }
}
