package dev.lora4j.spark;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.BarrierTaskContext;

/**
 * Lets the executors go on together or not at all. They tell each other their states by Spark's
 * messages, which wait for no one if a task ends.
 *
 * @param places of the executors, by rank
 * @param advice the end of the message of a mistake
 */
record Agreement(BarrierTaskContext context, List<String> places, String advice) {
  private static final String PROBLEM = "!";

  /**
   * Waits until all executors have a state.
   *
   * @throws CommonMistake if one of them has a problem instead, or their states differ
   */
  void on(String state) {
    List<String> states = exchange(state);
    for (int rank = 1; rank < states.size(); rank++) {
      if (!states.get(rank).equals(states.get(0))) {
        throw new CommonMistake(
            "executors read different files: %s has %s; %s has %s"
                .formatted(places.get(0), states.get(0), places.get(rank), states.get(rank)));
      }
    }
  }

  /**
   * Returns the states of all executors, which may differ.
   *
   * @throws CommonMistake if one of them has a problem instead
   */
  List<String> exchange(String state) {
    String[] states = context.allGather(state);
    requireNone(states);
    return List.of(states);
  }

  /**
   * Reports a problem of this executor to all.
   *
   * @throws CommonMistake always, with the problems of all
   */
  void refuse(String problem) {
    requireNone(context.allGather(PROBLEM + problem));
  }

  private void requireNone(String... states) {
    Map<String, String> placesByProblem = new LinkedHashMap<>();
    for (int rank = 0; rank < states.length; rank++) {
      if (states[rank].startsWith(PROBLEM)) {
        placesByProblem.merge(
            states[rank].substring(PROBLEM.length()),
            places.get(rank),
            (some, other) -> some + ", " + other);
      }
    }
    if (!placesByProblem.isEmpty()) {
      throw new CommonMistake(
          placesByProblem.entrySet().stream()
                  .map(problem -> problem.getValue() + ": " + problem.getKey())
                  .collect(Collectors.joining("\n"))
              + advice);
    }
  }
}
