package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.spark.exchange.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The processes of a run.
 *
 * @param driver the driver's version of lora4j
 * @param executors the facts of the executors, by rank
 */
record Roster(String driver, List<ExecutorFacts> executors) {
  private static final String NONE = "none";

  /**
   * Checks that all processes have the same versions.
   *
   * @throws UserError naming every difference
   */
  void check() {
    ExecutorFacts first = executors.get(0);
    List<String> differences = new ArrayList<>();
    for (ExecutorFacts executor : executors) {
      String own = executor.versions().getOrDefault(ExecutorFacts.LORA4J, NONE);
      if (!own.equals(driver)) {
        differences.add(
            "lora4j: %s has %s, the driver %s".formatted(executor.place(), own, driver));
      }
      for (Map.Entry<String, String> expected : first.versions().entrySet()) {
        String found = executor.versions().getOrDefault(expected.getKey(), NONE);
        if (!found.equals(expected.getValue()) && !expected.getKey().equals(ExecutorFacts.LORA4J)) {
          differences.add(
              "%s: %s has %s, %s has %s"
                  .formatted(
                      expected.getKey(),
                      executor.place(),
                      found,
                      first.place(),
                      expected.getValue()));
        }
      }
    }
    if (!differences.isEmpty()) {
      throw new UserError(
          ("driver and executors have different versions, so their results would differ\n  %s\n"
                  + "give all of them the same jars, by spark-submit --jars or --packages, and no"
                  + " others by spark.executor.extraClassPath")
              .formatted(String.join("\n  ", differences)));
    }
  }

  /** Returns a note if the executors' bits may differ from those of one machine. */
  List<String> notes() {
    List<String> kinds = executors.stream().map(ExecutorFacts::vectors).distinct().toList();
    return kinds.size() < 2
        ? List.of()
        : List.of(
            "Warning: the executors' CPUs compute by %s; the bits of the result depend on which"
                    .formatted(String.join(" and ", kinds))
                + " executor computes what");
  }

  /**
   * Returns whether the executors exchange gradients by Gloo.
   *
   * @throws UserError if it is required and an executor does not have it
   */
  boolean usesGloo(Transport transport) {
    List<String> without =
        executors.stream().filter(one -> !one.gloo()).map(ExecutorFacts::place).toList();
    if (transport == Transport.GLOO && !without.isEmpty()) {
      throw new UserError(
          ("no native library of Gloo on %s; it exists for Linux on x86-64 only;"
                  + " choose the transport SPARK")
              .formatted(String.join(", ", without)));
    }
    return transport != Transport.SPARK && without.isEmpty();
  }
}
