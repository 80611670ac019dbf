package dev.lora4j.serve.metrics;

import java.util.HashSet;
import java.util.Set;

/**
 * The values of the tag {@code adapter}: the names of the first adapters that requests use, so that
 * thousands of adapters do not create thousands of time series.
 */
final class AdapterTags {
  static final String BASE = "(base)";
  static final String OTHER = "(other)";

  private final int most;
  private final Set<String> names = new HashSet<>();

  /**
   * @param most number of adapters with a value of their own
   */
  AdapterTags(int most) {
    this.most = most;
  }

  synchronized String of(String adapter) {
    if (names.size() < most) {
      names.add(adapter);
    }
    return names.contains(adapter) ? adapter : OTHER;
  }
}
