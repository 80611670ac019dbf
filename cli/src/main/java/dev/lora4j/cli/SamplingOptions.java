package dev.lora4j.cli;

import dev.lora4j.models.generation.Sampling;
import dev.lora4j.models.talk.WritingOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** How long an answer may be, and how its tokens are chosen. */
final class SamplingOptions {
  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      showDefaultValue = Visibility.ALWAYS,
      description = "At most so many tokens.")
  private int maxNewTokens = 256;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      description = "0 takes the likeliest token; larger is bolder.")
  private Optional<Double> temperature = Optional.empty();

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Choose among the N likeliest tokens; all unless given.")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "X",
      description = "Choose among the likeliest tokens that together have this probability.")
  private double topP = 1;

  @Option(
      names = "--min-p",
      paramLabel = "X",
      description = "Choose among tokens that are at least so probable, relative to the likeliest.")
  private double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description = "Above 1: what was said becomes less likely; 1 unless given.")
  private double repetitionPenalty = 1;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "One seed gives one text; 0 unless given.")
  private long seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End before this text; may be given several times.")
  private List<String> stops = new ArrayList<>();

  /**
   * What was asked for.
   *
   * @param usualTemperature where none was given
   */
  WritingOptions options(double usualTemperature) {
    Sampling sampling =
        new Sampling(
            temperature.orElse(usualTemperature), topK, topP, minP, repetitionPenalty, seed);
    return new WritingOptions(maxNewTokens, sampling, stops);
  }
}
