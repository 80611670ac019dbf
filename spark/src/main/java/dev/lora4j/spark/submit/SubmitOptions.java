package dev.lora4j.spark.submit;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.spark.ClusterSettings;
import dev.lora4j.spark.exchange.Reduction;
import dev.lora4j.spark.exchange.Transport;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The options of the program, {@code --name value} or {@code --name=value}.
 *
 * @param config the options file of {@code lora train}, on a file system that Hadoop knows
 * @param data a jsonl, json or parquet file or folder, on such a file system
 */
record SubmitOptions(String config, String data, ClusterSettings settings) {
  private static final String RESUME = "resume";
  private static final String TIMEOUT = "timeout";
  private static final List<String> NAMES =
      List.of(
          "config", "data", "out", "executors", "workers", "reduce", "transport", TIMEOUT, RESUME);

  /**
   * Reads the arguments.
   *
   * @throws UserError naming an option that is unknown, missing or has a wrong value
   */
  static SubmitOptions of(String... arguments) {
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i < arguments.length; i++) {
      String argument = arguments[i];
      int sign = argument.indexOf('=');
      String name = argument.replaceFirst("=.*", "").replaceFirst("^--", "");
      if (!argument.startsWith("--") || !NAMES.contains(name)) {
        throw new UserError("unknown option '--" + name + "'" + NearMiss.hint(name, NAMES));
      }
      boolean bare = sign < 0 && !name.equals(RESUME);
      if (bare && i + 1 == arguments.length) {
        throw new UserError("--" + name + ": expected a value");
      }
      values.put(name, sign >= 0 ? argument.substring(sign + 1) : bare ? arguments[++i] : "true");
    }
    ClusterSettings settings =
        ClusterSettings.to(required(values, "out"))
            .executors(number(values, "executors"))
            .workers(number(values, "workers"))
            .reduction(one(Reduction.values(), values, "reduce", Reduction.FAST))
            .transport(one(Transport.values(), values, "transport", Transport.AUTO))
            .timeout(timeout(values));
    return new SubmitOptions(
        required(values, "config"),
        required(values, "data"),
        resumes(values) ? settings.resume() : settings);
  }

  private static Duration timeout(Map<String, String> values) {
    if (!values.containsKey(TIMEOUT)) {
      return ClusterSettings.DEFAULT_TIMEOUT;
    }
    int minutes = number(values, TIMEOUT);
    if (minutes < 1) {
      throw new UserError("--%s: expected at least 1 minute, found %d".formatted(TIMEOUT, minutes));
    }
    return Duration.ofMinutes(minutes);
  }

  private static boolean resumes(Map<String, String> values) {
    String value = values.getOrDefault(RESUME, "false");
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new UserError("--%s: expected true or false, found '%s'".formatted(RESUME, value));
    };
  }

  private static String required(Map<String, String> values, String name) {
    String value = values.getOrDefault(name, "");
    if (value.isEmpty()) {
      throw new UserError(
          "--%s is required: --config train.yaml --data hdfs:///rows.parquet --out hdfs:///runs/one"
              .formatted(name));
    }
    return value;
  }

  private static int number(Map<String, String> values, String name) {
    String value = values.getOrDefault(name, "0");
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new UserError("--%s: expected a number, found '%s'".formatted(name, value), e);
    }
  }

  private static <E extends Enum<E>> E one(
      E[] all, Map<String, String> values, String name, E standard) {
    String value = values.getOrDefault(name, standard.name());
    List<String> words = Stream.of(all).map(one -> one.name().toLowerCase(Locale.ROOT)).toList();
    int index = words.indexOf(value.toLowerCase(Locale.ROOT));
    if (index < 0) {
      throw new UserError("--%s: no '%s'%s".formatted(name, value, NearMiss.hint(value, words)));
    }
    return all[index];
  }
}
