package dev.lora4j.lora.config;

import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Values for some paths, PEFT's {@code rank_pattern} and {@code alpha_pattern}. Each key is a
 * regular expression for the last segments of a path; the first match decides.
 */
public record PathPatterns(Map<String, Double> values) {
  private static final PathPatterns NONE = new PathPatterns(Map.of());

  public PathPatterns {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    values.keySet().forEach(PathPatterns::compile);
  }

  /** Returns patterns that match no path. */
  public static PathPatterns none() {
    return NONE;
  }

  /** Returns patterns for the paths whose value is not {@code otherwise}, longest path first. */
  public static PathPatterns exactly(Map<String, Double> byPath, double otherwise) {
    List<String> needed =
        byPath.entrySet().stream()
            .filter(entry -> entry.getValue() != otherwise)
            .map(Map.Entry::getKey)
            .toList();
    Map<String, Double> values = new LinkedHashMap<>();
    byPath.entrySet().stream()
        .filter(entry -> needed.stream().anyMatch(key -> fits(key, entry.getKey())))
        .sorted(Comparator.comparingInt(entry -> -entry.getKey().length()))
        .forEach(entry -> values.put(entry.getKey(), entry.getValue()));
    return new PathPatterns(values);
  }

  public Optional<Double> lookUp(String path) {
    return values.entrySet().stream()
        .filter(entry -> fits(entry.getKey(), path))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /** Returns a key that matches this path and no other. */
  public static String only(String path) {
    return "^" + quote(path);
  }

  /** Returns a path as a regular expression that Java and Python read alike. */
  public static String quote(String path) {
    return path.replaceAll("[^A-Za-z0-9_]", "\\\\$0");
  }

  static boolean fits(String key, String path) {
    return compile(key).matcher(path).matches();
  }

  private static Pattern compile(String key) {
    return PythonRegex.compile("(?:.*\\.)?(?:" + key + ")", key);
  }
}
