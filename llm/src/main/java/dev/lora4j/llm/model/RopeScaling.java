package dev.lora4j.llm.model;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Scaling of the rotary frequencies for sequences longer than those of the pre-training. */
public sealed interface RopeScaling {

  /** The scaled value of a frequency, in radians per position. */
  double scaled(double frequency);

  /**
   * Computes the scaled frequencies {@code θ^(−2i / dim)} of a head, in single precision as other
   * implementations do: thousands of positions later the last bit makes a difference.
   *
   * @param theta base of the powers
   * @param dim size of a head
   * @return {@code [dim / 2]}
   */
  default float[] frequencies(double theta, int dim) {
    try (PointerScope scope = new PointerScope()) {
      float[] exponents = new float[dim / 2];
      for (int i = 0; i < exponents.length; i++) {
        exponents[i] = 2f * i / dim;
      }
      Tensor powers = torch.pow(new Scalar(theta), Ops.tensor(exponents, exponents.length));
      float[] frequencies = Ops.floats(powers.reciprocal());
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = (float) scaled(frequencies[i]);
      }
      return frequencies;
    }
  }

  /** No scaling. */
  record None() implements RopeScaling {
    @Override
    public double scaled(double frequency) {
      return frequency;
    }
  }

  /** Linear interpolation of the positions by a divisor (Chen et al. 2023, arXiv:2306.15595). */
  record Linear(double factor) implements RopeScaling {
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
      implements RopeScaling {
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
   * Returns the RoPE fields of a {@code config.json}: {@code rope_scaling} if it has any, as users
   * add it for longer sequences, else {@code rope_parameters}. As in transformers, {@code
   * rope_scaling} replaces all of the other, its {@code rope_theta} included.
   */
  static JsonDocument fields(JsonDocument config) {
    JsonDocument scaling = config.object("rope_scaling");
    return scaling.fields().iterator().hasNext() ? scaling : config.object("rope_parameters");
  }

  /**
   * Reads the {@linkplain #fields RoPE fields}.
   *
   * @throws UserError naming a kind that is not supported
   * @throws CorruptFile if a number is missing
   */
  static RopeScaling read(JsonDocument fields) {
    String kind = fields.text("rope_type", fields.text("type", "default"));
    return switch (kind) {
      case "default" -> new None();
      case "linear" -> new Linear(fields.positive("factor"));
      case "llama3" -> llama3(fields);
      default ->
          throw new UserError(
              "%s: %s is not supported, and it would change the result; supported: default, linear, llama3"
                  .formatted(fields.path("rope_type"), kind));
    };
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
}
