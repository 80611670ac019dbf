package dev.lora4j.vision;

import java.util.List;

/**
 * Normalisation of pixel bytes to network inputs: {@code (x / 255 − mean) / std}, channel by
 * channel.
 *
 * @param mean one value per channel, or one for all channels
 * @param std as many values as mean, each above 0
 */
public record Normalization(List<Double> mean, List<Double> std) {

  /** Normalisation to [−1, 1]: mean 0.5 and std 0.5, that is {@code x / 127.5 − 1}. */
  public static final Normalization HALF = new Normalization(List.of(0.5), List.of(0.5));

  public Normalization {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
    if (mean.isEmpty() || mean.size() != std.size() || std.stream().anyMatch(s -> !(s > 0))) {
      throw new IllegalArgumentException(
          "expected as many means as stds, and stds above 0; found " + mean + " and " + std);
    }
  }

  /** Returns the divisor of {@code x}: {@code 255 · std}. */
  float[] divisors(int channels) {
    float[] divisors = new float[channels];
    for (int c = 0; c < channels; c++) {
      divisors[c] = (float) (255 * of(std, c, channels));
    }
    return divisors;
  }

  /** Returns the value subtracted after the division: {@code mean / std}. */
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
          "expected 1 or " + channels + " values, found " + numbers.size());
    }
    return numbers.get(numbers.size() == 1 ? 0 : channel);
  }
}
