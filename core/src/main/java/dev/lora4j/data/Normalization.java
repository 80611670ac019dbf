package dev.lora4j.data;

import java.util.List;

/**
 * How bytes become the numbers that a network sees: {@code (x / 255 − mean) / std}, channel by
 * channel.
 *
 * @param mean one number a channel, or one for all of them
 * @param std as many as of mean, each above 0
 */
public record Normalization(List<Double> mean, List<Double> std) {

  /** To [−1, 1]: mean 0.5 and std 0.5, that is {@code x / 127.5 − 1}. */
  public static final Normalization HALF = new Normalization(List.of(0.5), List.of(0.5));

  public Normalization {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if (mean.isEmpty() || mean.size() != std.size() || std.stream().anyMatch(s -> !(s > 0))) {
      throw new IllegalArgumentException(
          "expected as many means as stds, and stds above 0; found " + mean + " and " + std);
    }
  }

  /** What {@code x} is divided by: {@code 255 · std}. */
  float[] divisors(int channels) {
    float[] divisors = new float[channels];
    for (int c = 0; c < channels; c++) {
      divisors[c] = (float) (255 * of(std, c, channels));
    }
    return divisors;
  }

  /** What is subtracted after the division: {@code mean / std}. */
  float[] shifts(int channels) {
    float[] shifts = new float[channels];
    for (int c = 0; c < channels; c++) {
      shifts[c] = (float) (of(mean, c, channels) / of(std, c, channels));
    }
    return shifts;
  }

  private static double of(List<Double> numbers, int channel, int channels) {
    if (numbers.size() != 1 && numbers.size() != channels) {
      throw new IllegalArgumentException(
          "expected 1 or " + channels + " numbers, found " + numbers.size());
    }
    return numbers.get(numbers.size() == 1 ? 0 : channel);
  }
}
