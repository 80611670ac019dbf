package dev.lora4j.models;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** How a model that was trained on short texts turns positions of long ones. */
public sealed interface RopeScaling {

  /** The frequency that takes the place of this one, in radians by position. */
  double scaled(double frequency);

  /**
   * The frequencies {@code θ^(−2i / dim)} of a head, scaled. They are computed in single precision,
   * as everybody does: thousands of positions later the last bit tells.
   *
   * @param theta the base of the powers
   * @param dim numbers in a head
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

  /** As they are. */
  record None() implements RopeScaling {
    @Override
    public double scaled(double frequency) {
      return frequency;
    }
  }

  /**
   * Positions are divided (Chen et al. 2023, <a
   * href="https://arxiv.org/abs/2306.15595">arXiv:2306.15595</a>, eq. 4).
   *
   * @param factor by how much
   */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double scaled(double frequency) {
      return frequency / factor;
    }
  }

  /**
   * Llama 3's: slow turns are divided, quick ones kept, and between them one goes over into the
   * other.
   *
   * @param factor by how much the slow ones are divided
   * @param lowFactor turns that go round less often than this in the original length are slow
   * @param highFactor turns that go round more often than this are quick
   * @param originalPositions the length of the texts that the model was first trained on
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
      double kept = (rounds - lowFactor) / (highFactor - lowFactor);
      return (1 - kept) * frequency / factor + kept * frequency;
    }
  }

  /**
   * Reads {@code rope_scaling}, or {@code rope_parameters} as newer configs say.
   *
   * @throws UserError for a kind that is not known here
   * @throws CorruptFile where a number is missing
   */
  static RopeScaling read(JsonDocument fields) {
    String kind = fields.text("rope_type", fields.text("type", "default"));
    return switch (kind) {
      case "default" -> new None();
      case "linear" -> new Linear(fields.number("factor"));
      case "llama3" ->
          new Llama3(
              fields.number("factor"),
              fields.number("low_freq_factor"),
              fields.number("high_freq_factor"),
              fields.number("original_max_position_embeddings"));
      default ->
          throw new UserError(
              fields.path("rope_type")
                  + ": "
                  + kind
                  + " is not supported, and it would change the result; supported: default, linear,"
                  + " llama3");
    };
  }
}
