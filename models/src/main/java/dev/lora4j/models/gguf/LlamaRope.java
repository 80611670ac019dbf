package dev.lora4j.models.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.models.RopeScaling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Llama 3's scaling of long texts. llama.cpp keeps no word of it, only {@code rope_freqs.weight}:
 * the numbers by which the frequencies of a head are divided. They follow from a factor, which is
 * their largest, and from the length of the texts that the model was first trained on.
 */
final class LlamaRope {
  private static final double LOW = 1;
  private static final double HIGH = 4;
  private static final double CLOSE = 1e-3;

  /** What Llama 3.1 and all after it were first trained on. */
  static final int ORIGINAL_POSITIONS = 8192;

  private LlamaRope() {}

  /** The factors of a scaling, {@code headDim / 2} of them. */
  static float[] factors(RopeScaling.Llama3 scaling, double theta, int headDim) {
    float[] factors = new float[headDim / 2];
    for (int i = 0; i < factors.length; i++) {
      double frequency = Math.pow(theta, -2.0 * i / headDim);
      factors[i] = (float) (frequency / scaling.scaled(frequency));
    }
    return factors;
  }

  /**
   * Says in a config which scaling has these factors.
   *
   * @param lengths of the first training's texts that come into question
   * @throws UserError if none has
   */
  static void describe(Path file, ObjectNode config, float[] factors, List<Integer> lengths) {
    double theta = config.path("rope_theta").asDouble();
    int headDim = config.path("head_dim").asInt();
    double factor = 1;
    for (float one : factors) {
      factor = Math.max(factor, one);
    }
    for (int length : lengths) {
      RopeScaling.Llama3 scaling =
          new RopeScaling.Llama3(Math.round(factor * 1e4) / 1e4, LOW, HIGH, length);
      if (factors.length == headDim / 2 && isClose(factors, factors(scaling, theta, headDim))) {
        config
            .putObject("rope_scaling")
            .put("rope_type", "llama3")
            .put("factor", scaling.factor())
            .put("low_freq_factor", LOW)
            .put("high_freq_factor", HIGH)
            .put("original_max_position_embeddings", length);
        return;
      }
    }
    List<Float> told = new ArrayList<>();
    for (int i = 0; i < Math.min(factors.length, 64); i++) {
      told.add(factors[i]);
    }
    throw new UserError(
        "%s: %s is not the scaling of Llama 3 for texts of %s tokens, and no other is supported: %s"
            .formatted(file, Layout.ROPE_FACTORS, lengths, told));
  }

  private static boolean isClose(float[] a, float[] b) {
    for (int i = 0; i < a.length; i++) {
      if (!(Math.abs(a[i] - b[i]) <= CLOSE * Math.abs(b[i]))) {
        return false;
      }
    }
    return true;
  }
}
