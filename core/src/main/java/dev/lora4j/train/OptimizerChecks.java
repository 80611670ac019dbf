package dev.lora4j.train;

import dev.lora4j.UserError;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/** Checks of hyperparameters and restored states. */
final class OptimizerChecks {
  private OptimizerChecks() {}

  static void checkRate(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new UserError(name + " must be at least 0 and finite, found " + value);
    }
  }

  /** Returns the entries with this prefix, by the rest of their name. */
  static Map<String, Tensor> below(String prefix, Map<String, Tensor> state) {
    return state.entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(prefix))
        .collect(
            Collectors.toMap(
                entry -> entry.getKey().substring(prefix.length()), Map.Entry::getValue));
  }

  static void checkNames(Map<String, Tensor> state, String... names) {
    Set<String> expected = Set.of(names);
    if (!state.isEmpty() && !state.keySet().equals(expected)) {
      throw new UserError(
          "optimizer state: expected %s, found %s"
              .formatted(new TreeSet<>(expected), new TreeSet<>(state.keySet())));
    }
  }

  /** Checks that a state belongs to parameters of this size. */
  static void checkSize(Tensor stored, Tensor parameters) {
    if (stored.numel() != parameters.numel()) {
      throw new UserError(
          "optimizer state: expected %d values, found %d"
              .formatted(stored.numel(), parameters.numel()));
    }
  }
}
