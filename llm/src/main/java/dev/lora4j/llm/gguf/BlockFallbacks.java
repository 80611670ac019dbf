package dev.lora4j.llm.gguf;

import dev.lora4j.io.gguf.GgmlType;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The matrices of a GGUF file whose rows are no whole blocks of the type that was asked for, by the
 * type that they have instead. llama.cpp writes Q5_0 instead of Q4_K, and F16 if that does not fit.
 *
 * @param wanted the type of the other matrices
 * @param matrices the number of all matrices
 * @param counts the number of matrices by their type instead
 */
public record BlockFallbacks(GgmlType wanted, int matrices, Map<GgmlType, Integer> counts) {
  private static final int SOME = 256; // elements, whole blocks of each type

  public BlockFallbacks {
    Map<GgmlType, Integer> copy = new EnumMap<>(GgmlType.class);
    copy.putAll(counts);
    counts = Collections.unmodifiableMap(copy);
  }

  /** Returns a sentence with the number of such matrices and their types; empty without any. */
  public Optional<String> warning() {
    if (counts.isEmpty()) {
      return Optional.empty();
    }
    int total = counts.values().stream().mapToInt(Integer::intValue).sum();
    String instead =
        counts.entrySet().stream()
            .map(e -> "%d in %s".formatted(e.getValue(), bits(e.getKey())))
            .collect(Collectors.joining(", "));
    return Optional.of(
        "%d of %d matrices have rows that are no multiple of %d, as %s needs: %s%s"
            .formatted(total, matrices, wanted.blockElements(), bits(wanted), instead, remedy()));
  }

  private static String bits(GgmlType type) {
    double bits = 8.0 * type.bytesOf(SOME) / SOME;
    return "%s (%s bits a weight)".formatted(type, String.valueOf(bits).replaceFirst("\\.0$", ""));
  }

  private String remedy() {
    return wanted == GgmlType.Q4_K && counts.containsKey(GgmlType.Q8_0)
        ? "; q4_0 has as many bits, and takes rows that are a multiple of 32"
        : "";
  }
}
