package dev.lora4j.llm.model;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/** Scaling of the rotary frequencies for sequences longer than those of the pre-training. */
public sealed interface RopeScaling {

  /**
   * Computes the scaled frequencies {@code θ^(−2i / dim)} of a head, in single precision as other
   * implementations do: thousands of positions later the last bit makes a difference.
   *
   * @param theta base of the powers
   * @param dim size of the rotated part of a head
   * @return radians per position, {@code [dim / 2]}
   */
  float[] frequencies(double theta, int dim);

  /** The factor of all cosines and sines. */
  default double attentionFactor() {
    return 1;
  }

  /** Computes {@code θ^(2i / dim)}, the reciprocals of the frequencies, {@code [dim / 2]}. */
  private static float[] powers(double theta, int dim) {
    try (PointerScope scope = new PointerScope()) {
      float[] exponents = new float[dim / 2];
      for (int i = 0; i < exponents.length; i++) {
        exponents[i] = 2f * i / dim;
      }
      return Ops.floats(torch.pow(new Scalar(theta), Ops.tensor(exponents, exponents.length)));
    }
  }

  /** A scaling of each frequency by its value alone. */
  sealed interface ByFrequency extends RopeScaling {

    /** The scaled value of a frequency, in radians per position. */
    double scaled(double frequency);

    @Override
    default float[] frequencies(double theta, int dim) {
      float[] frequencies = powers(theta, dim);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = (float) scaled(1 / frequencies[i]);
      }
      return frequencies;
    }
  }

  /** No scaling. */
  record None() implements ByFrequency {
    @Override
    public double scaled(double frequency) {
      return frequency;
    }
  }

  /** Linear interpolation of the positions by a divisor (Chen et al. 2023, arXiv:2306.15595). */
  record Linear(double factor) implements ByFrequency {
    @Override
    public double scaled(double frequency) {
      return frequency / factor;
    }
  }

  /**
   * Llama 3's scaling, by the number of rotations in the pre-training's length: divides low
   * frequencies by the factor, keeps high ones, and interpolates between them.
   */
  record Llama3(double factor, double lowFactor, double highFactor, double originalPositions)
      implements ByFrequency {
    @Override
    public double scaled(double frequency) {
      double rounds = originalPositions * frequency / (2 * Math.PI);
      if (rounds > highFactor) {
        return frequency;
      }
      if (rounds < lowFactor) {
        return frequency / factor;
      }
      double highShare = (rounds - lowFactor) / (highFactor - lowFactor);
      return (1 - highShare) * frequency / factor + highShare * frequency;
    }
  }

  /**
   * YaRN (Peng et al. 2023, arXiv:2309.00071, §3): keeps the dimensions that turn more than {@code
   * betaFast} times in the pre-training's length, divides those that turn less than {@code
   * betaSlow} times by the factor, and blends between them by a ramp over the dimensions.
   *
   * @param truncated whether the ends of the ramp are whole dimensions
   */
  record Yarn(
      double factor,
      double originalPositions,
      double betaFast,
      double betaSlow,
      boolean truncated,
      double attentionFactor)
      implements RopeScaling {

    @Override
    public float[] frequencies(double theta, int dim) {
      double first = dimensionOf(betaFast, theta, dim);
      double last = dimensionOf(betaSlow, theta, dim);
      float low = (float) Math.max(truncated ? Math.floor(first) : first, 0);
      float high = (float) Math.min(truncated ? Math.ceil(last) : last, dim - 1.0);
      float width = low == high ? 0.001f : high - low;
      float[] frequencies = powers(theta, dim);
      for (int i = 0; i < frequencies.length; i++) {
        float interpolated = 1 / ((float) factor * frequencies[i]);
        float kept = 1 - Math.min(1, Math.max(0, (i - low) / width));
        frequencies[i] = interpolated * (1 - kept) + kept / frequencies[i];
      }
      return frequencies;
    }

    /** The dimension that turns this often in the pre-training's length. */
    private double dimensionOf(double turns, double theta, int dim) {
      return dim * Math.log(originalPositions / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }
  }

  /**
   * LongRoPE (Ding et al. 2024, arXiv:2402.13753): divides each frequency by a factor of its own,
   * and by other factors in texts longer than those of the pre-training.
   *
   * @param shortFactors {@code [dim / 2]}
   * @param longFactors of texts of more than {@code originalPositions} tokens, {@code [dim / 2]}
   */
  record LongRope(
      List<Double> shortFactors,
      List<Double> longFactors,
      int originalPositions,
      double attentionFactor)
      implements RopeScaling {

    public LongRope {
      shortFactors = List.copyOf(shortFactors);
      longFactors = List.copyOf(longFactors);
    }

    @Override
    public float[] frequencies(double theta, int dim) {
      return divided(shortFactors, theta, dim);
    }

    /** The frequencies in texts longer than those of the pre-training. */
    float[] longFrequencies(double theta, int dim) {
      return divided(longFactors, theta, dim);
    }

    private static float[] divided(List<Double> factors, double theta, int dim) {
      float[] frequencies = powers(theta, dim);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = 1 / (factors.get(i).floatValue() * frequencies[i]);
      }
      return frequencies;
    }
  }

  // ---- reading a config ----

  /**
   * Returns the RoPE fields of a {@code config.json}: {@code rope_scaling} if it has any, as users
   * add it for longer sequences, else {@code rope_parameters}. As in transformers, {@code
   * rope_scaling} replaces all of the other, its {@code rope_theta} included.
   */
  static JsonDocument fields(JsonDocument config) {
    JsonDocument scaling = config.object("rope_scaling");
    return scaling.fields().iterator().hasNext() ? scaling : config.object("rope_parameters");
  }

  /** Returns the kind of scaling that {@linkplain #fields RoPE fields} name. */
  static String kind(JsonDocument fields) {
    return fields.text("rope_type", fields.text("type", "default"));
  }

  /**
   * Reads the {@linkplain #fields RoPE fields}.
   *
   * @param maxPositions {@code max_position_embeddings}
   * @throws UserError naming a kind that is not supported
   * @throws dev.lora4j.CorruptFile if a number is missing
   */
  static RopeScaling read(JsonDocument fields, int maxPositions) {
    String kind = kind(fields);
    return switch (kind) {
      case "default" -> new None();
      case "linear" -> new Linear(fields.positive("factor"));
      case "llama3" -> llama3(fields);
      case "yarn" -> yarn(fields, maxPositions);
      default -> throw unsupported(fields, kind, "default", "linear", "llama3", "yarn");
    };
  }

  /** Returns the error for a kind that a family does not support. */
  static UserError unsupported(JsonDocument fields, String kind, String... supported) {
    return new UserError(
        "%s: %s is not supported, and it would change the result; supported: %s"
            .formatted(fields.path("rope_type"), kind, String.join(", ", supported)));
  }

  private static Llama3 llama3(JsonDocument fields) {
    double low = fields.positive("low_freq_factor");
    double high = fields.positive("high_freq_factor");
    if (high <= low) {
      throw fields.wrong("high_freq_factor", "above low_freq_factor = " + low, high);
    }
    return new Llama3(
        fields.positive("factor"), low, high, fields.positive("original_max_position_embeddings"));
  }

  private static Yarn yarn(JsonDocument fields, int maxPositions) {
    double original = fields.positive("original_max_position_embeddings", maxPositions);
    double factor = fields.positive("factor", maxPositions / original);
    double mscale = fields.number("mscale", 0);
    double ofAllDimensions = fields.number("mscale_all_dim", 0);
    double magnitude =
        mscale != 0 && ofAllDimensions != 0
            ? magnitude(factor, mscale) / magnitude(factor, ofAllDimensions)
            : magnitude(factor, 1);
    return new Yarn(
        factor,
        original,
        fields.positive("beta_fast", 32),
        fields.positive("beta_slow", 1),
        fields.flag("truncate", true),
        fields.positive("attention_factor", magnitude));
  }

  /** {@code 0.1 m ln(factor) + 1} (arXiv:2309.00071, §3.4). */
  private static double magnitude(double factor, double m) {
    return factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1;
  }

  /**
   * Reads LongRoPE's fields.
   *
   * @param dim size of the rotated part of a head
   * @throws dev.lora4j.CorruptFile if a list is missing or of another length than {@code dim / 2}
   */
  static LongRope longRope(JsonDocument fields, int originalPositions, int maxPositions, int dim) {
    double factor = fields.positive("factor", (double) maxPositions / originalPositions);
    double magnitude =
        factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions));
    return new LongRope(
        factors(fields, "short_factor", dim / 2),
        factors(fields, "long_factor", dim / 2),
        originalPositions,
        fields.positive("attention_factor", magnitude));
  }

  private static List<Double> factors(JsonDocument fields, String key, int count) {
    List<Double> factors = fields.numbers(key);
    if (factors.size() != count || factors.stream().anyMatch(factor -> factor <= 0)) {
      throw fields.wrong(key, "a list of %d numbers above 0".formatted(count), fields.node(key));
    }
    return factors;
  }
}
