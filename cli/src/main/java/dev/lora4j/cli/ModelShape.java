package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.models.LlamaConfig;
import dev.lora4j.models.RopeScaling;
import java.util.Collections;
import java.util.OptionalLong;
import picocli.CommandLine.Option;

/** The shape of a Llama; SmolLM2-135M's if nothing is said. */
final class ModelShape {
  @Option(names = "--layers", paramLabel = "N", description = "Layers.")
  private int layers = 30;

  @Option(names = "--hidden", paramLabel = "N", description = "Width between the layers.")
  private int hidden = 576;

  @Option(names = "--intermediate", paramLabel = "N", description = "Width of the feed-forward.")
  private int intermediate = 1536;

  @Option(names = "--heads", paramLabel = "N", description = "Attention heads.")
  private int heads = 9;

  @Option(names = "--kv-heads", paramLabel = "N", description = "Heads of keys and values.")
  private int groups = 3;

  @Option(names = "--vocab", paramLabel = "N", description = "Tokens in the vocabulary.")
  private int vocabulary = 49_152;

  int vocabulary() {
    return vocabulary;
  }

  LlamaConfig config(int maxPositions) {
    return new LlamaConfig(
        "llama",
        positive("--vocab", vocabulary),
        positive("--hidden", hidden),
        positive("--intermediate", intermediate),
        positive("--layers", layers),
        positive("--heads", heads),
        positive("--kv-heads", groups),
        hidden / heads,
        maxPositions,
        1e-5,
        10_000,
        new RopeScaling.None(),
        Collections.nCopies(layers, OptionalLong.empty()),
        false,
        new LlamaConfig.Biases(false, false, false),
        true,
        0);
  }

  private static int positive(String option, int value) {
    requirePositive(option, value);
    return value;
  }

  /**
   * Refuses numbers that count nothing.
   *
   * @throws UserError if the value is less than 1
   */
  static void requirePositive(String option, int value) {
    if (value < 1) {
      throw new UserError(option + " must be at least 1, found " + value);
    }
  }
}
