package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.model.RopeScaling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * RoPE scaling of Llama 3. llama.cpp stores only {@code rope_freqs.weight}, the divisors, which
 * follow from a factor, their maximum, and the context length of the original training.
 */
final class LlamaRope {
  private static final double LOW = 1;
  private static final double HIGH = 4;
  private static final double CLOSE = 1e-3;

  /** The original context length of Llama 3.1 and later. */
  static final int ORIGINAL_POSITIONS = 8192;

  private LlamaRope() {}

  /** Returns the {@code headDim / 2} divisors of a scaling. */
  static float[] factors(RopeScaling.Llama3 scaling, double theta, int headDim) {
    float[] factors = new float[headDim / 2];
    for (int i = 0; i < factors.length; i++) {
      double frequency = Math.pow(theta, -2.0 * i / headDim);
      factors[i] = (float) (frequency / scaling.scaled(frequency));
    }
    return factors;
  }

  /** Adds the scaling with these divisors, for one of these original context lengths. */
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
    List<Float> shown = new ArrayList<>();
    for (int i = 0; i < Math.min(factors.length, 64); i++) {
      shown.add(factors[i]);
    }
    throw new UserError(
        "%s: %s is not Llama 3's scaling for an original context of %s tokens, and no other is supported: %s"
            .formatted(file, Layout.ROPE_FACTORS, lengths, shown));
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
