package dev.lora4j.nn;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A listing of a network's parameters and of how many are trainable.
 *
 * @param trainable number of elements in trainable parameters
 * @param untrainable number of elements in frozen parameters
 * @param text the listing, line by line
 */
public record Summary(long trainable, long untrainable, String text) {
  private static final int BYTES_PER_ELEMENT = 4;
  private static final double BYTES_PER_MB = 1e6;

  /** Counts and lists the present parameters of a module. */
  public static Summary of(Module module) {
    StringBuilder lines = new StringBuilder("Layers:\n");
    long trainable = 0;
    long untrainable = 0;
    for (Map.Entry<String, Parameter> entry : module.namedParameters().entrySet()) {
      Parameter parameter = entry.getValue();
      lines.append(
          "- %s of size torch.Size(%s) -> %s\n"
              .formatted(
                  entry.getKey(),
                  Arrays.toString(parameter.shape()),
                  parameter.isTrainable() ? "trainable" : "untrainable"));
      if (parameter.isTrainable()) {
        trainable += parameter.numel();
      } else {
        untrainable += parameter.numel();
      }
    }
    untrainable += packed(module);
    Summary counts = new Summary(trainable, untrainable, "");
    lines.append(
        """
        Trainable parameters: %d
        Untrainable parameters: %d
        Total parameters: %d
        Percent trainable: %s%%
        Size of trainable parameters: %s mb"""
            .formatted(
                trainable,
                untrainable,
                counts.total(),
                counts.percentTrainable(),
                String.format(Locale.ROOT, "%.2f", counts.trainableMegabytes())));
    return new Summary(trainable, untrainable, lines.toString());
  }

  /** Returns the number of quantised weights less that of the values that hold them. */
  private static long packed(Module module) {
    Map<Parameter, Long> byFirst = new HashMap<>(); // a tied weight counts once
    for (Module layer : module.namedModules().values()) {
      if (layer instanceof WeightedLayer weighted && !(weighted.store() instanceof DenseWeights)) {
        Collection<Parameter> held = weighted.store().parameters().values();
        long values = held.stream().mapToLong(Parameter::numel).sum();
        long weights = Arrays.stream(weighted.store().shape()).reduce(1, (a, b) -> a * b);
        byFirst.put(held.iterator().next().first(), weights - values);
      }
    }
    return byFirst.values().stream().mapToLong(Long::longValue).sum();
  }

  public long total() {
    return trainable + untrainable;
  }

  /** {@code 100 · trainable / total}. */
  public double percentTrainable() {
    return total() == 0 ? 0 : 100.0 * trainable / total();
  }

  /** Size of the trainable parameters in float32, in units of 10⁶ bytes. */
  public double trainableMegabytes() {
    return trainable * BYTES_PER_ELEMENT / BYTES_PER_MB;
  }

  @Override
  public String toString() {
    return text;
  }
}
