package dev.lora4j.cli.options;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.generate.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Length and sampling of generated text. */
public final class SamplingOptions {
  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      description = "Maximum number of new tokens" + DEFAULT)
  @Range(from = 1, to = Range.MANY)
  private int maxNewTokens = 256;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      description =
          "Sampling temperature; 0 is greedy decoding (default: 0 for generate, 0.7 for chat).")
  @Range(from = 0)
  private Optional<Double> temperature = Optional.empty();

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Number of most likely tokens to sample from (default: all).")
  @Range(from = 0)
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "X",
      description =
          "Nucleus sampling: cumulative probability of the tokens to sample from (default: 1).")
  @Range(above = 0, to = 1)
  private double topP = 1;

  @Option(
      names = "--min-p",
      paramLabel = "X",
      description = "Minimum probability of a token, relative to the most likely one (default: 0).")
  @Range(from = 0, to = 1)
  private double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description = "Repetition penalty; above 1 discourages tokens already present" + DEFAULT)
  @Range(above = 0)
  private double repetitionPenalty = 1;

  @Option(names = "--seed", paramLabel = "N", description = "Sampling seed" + DEFAULT)
  private long seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Text before which generation stops; repeatable.")
  private List<String> stops = new ArrayList<>();

  /**
   * Returns the options.
   *
   * @param defaultTemperature temperature if none was given
   */
  public GenerationOptions options(double defaultTemperature) {
    Sampling sampling =
        new Sampling(
            temperature.orElse(defaultTemperature), topK, topP, minP, repetitionPenalty, seed);
    return new GenerationOptions(maxNewTokens, sampling, stops);
  }
}
