package dev.lora4j.spark.exchange;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The order in which the gradients of all workers are added up. */
public enum Reduction {
  /** By the network's fastest way; a run repeats its bits for the same executors and workers. */
  FAST,
  /** In the order of the workers: the bits of one process with as many workers. */
  ORDERED;

  /**
   * Returns the reduction of a name, such as {@code ordered}.
   *
   * @throws UserError if there is none
   */
  public static Reduction of(String word) {
    List<String> words = Stream.of(values()).map(Reduction::word).toList();
    int index = words.indexOf(word.toLowerCase(Locale.ROOT));
    if (index < 0) {
      throw new UserError("no reduction '%s'%s".formatted(word, NearMiss.hint(word, words)));
    }
    return values()[index];
  }

  /** The name in options and parameters. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
