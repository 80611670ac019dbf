package dev.lora4j.lora.config;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The layer index in a path, as {@code layers_to_transform} counts. */
final class LayerNumber {
  private static final Pattern ANY = Pattern.compile(".*?\\.[^.]*\\.(\\d+)\\..*");

  private LayerNumber() {}

  /** Returns the first number after one of these names (regular expressions), or after any name. */
  static Optional<Integer> of(String path, List<String> names) {
    if (names.isEmpty()) {
      return number(ANY, path);
    }
    return names.stream()
        .map(name -> number(Pattern.compile(".*?\\." + name + "\\.(\\d+)\\..*"), path))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Optional<Integer> number(Pattern pattern, String path) {
    Matcher matcher = pattern.matcher(path);
    return matcher.matches() ? Optional.of(Integer.valueOf(matcher.group(1))) : Optional.empty();
  }
}
