package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.FormerNames;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The combinations of a sweep: each has one value of each option.
 *
 * @param runs the options of each run by the name of its directory
 */
public record Sweep(Map<String, Map<String, String>> runs) {
  private static final String EXPECTED = "expected NAME=VALUE,VALUE…, such as lr=1e-4,2e-4";
  private static final List<String> OF_THE_SWEEP = List.of("out", "sweep");

  /**
   * Parses the values. A part without {@code =} is one more value of the option before it; values
   * that contain commas are separated by semicolons.
   *
   * @param given {@code lr=1e-4,2e-4}, for each option or for several
   * @param known the options by name without dashes
   * @throws UserError if an option is unknown, or is or has a value twice
   */
  public static Sweep parse(List<String> given, Collection<String> known) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    Map<String, String> written = written(given);
    written.forEach((name, text) -> values.put(name, values(name, text)));
    FormerNames names = new FormerNames(known);
    Map<String, Map<String, String>> runs = new LinkedHashMap<>();
    for (Map<String, String> combination : combinations(values)) {
      Map<String, String> options = new LinkedHashMap<>();
      combination.forEach(
          (name, value) -> {
            if (options.put(option(name, names, known), value) != null) {
              throw new UserError("--sweep: '" + name + "' is repeated");
            }
          });
      if (runs.put(directory(combination), options) != null) {
        throw new UserError("--sweep: two runs would be named " + directory(combination));
      }
    }
    return new Sweep(runs);
  }

  private static Map<String, String> written(List<String> given) {
    Map<String, String> written = new LinkedHashMap<>();
    String name = "";
    for (String part : String.join(",", given).split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals > 0) {
        name = part.substring(0, equals).strip();
        if (written.put(name, part.substring(equals + 1)) != null) {
          throw new UserError("--sweep: '" + name + "' is repeated");
        }
      } else if (name.isEmpty()) {
        throw new UserError("--sweep: " + EXPECTED + ", found '" + part + "'");
      } else {
        written.merge(name, part, (before, more) -> before + "," + more);
      }
    }
    return written;
  }

  private static List<String> values(String name, String text) {
    List<String> values =
        List.of(text.split(text.contains(";") ? ";" : ",", -1)).stream()
            .map(String::strip)
            .toList();
    if (values.contains("")) {
      throw new UserError("--sweep: '" + name + "' has an empty value; " + EXPECTED);
    }
    if (new TreeSet<>(values).size() < values.size()) {
      throw new UserError("--sweep: '" + name + "' has a value twice: " + text);
    }
    return values;
  }

  private static String option(String name, FormerNames names, Collection<String> known) {
    String option = names.current(name.replace('_', '-'));
    if (!known.contains(option)) {
      throw new UserError("--sweep: unknown option '" + name + "'" + names.hint(name, ""));
    }
    if (OF_THE_SWEEP.contains(option)) {
      throw new UserError("--sweep: '" + name + "' can't be swept");
    }
    return option;
  }

  private static List<Map<String, String>> combinations(Map<String, List<String>> values) {
    List<Map<String, String>> combinations = List.of(Map.of());
    for (Map.Entry<String, List<String>> option : values.entrySet()) {
      List<Map<String, String>> longer = new ArrayList<>();
      for (Map<String, String> combination : combinations) {
        for (String value : option.getValue()) {
          Map<String, String> next = new LinkedHashMap<>(combination);
          next.put(option.getKey(), value);
          longer.add(next);
        }
      }
      combinations = longer;
    }
    return combinations;
  }

  /** {@code lr-1e-4_rank-8}. */
  private static String directory(Map<String, String> combination) {
    List<String> parts = new ArrayList<>();
    combination.forEach((name, value) -> parts.add(name + "-" + value));
    return String.join("_", parts).replaceAll("[^A-Za-z0-9._+-]", "-");
  }
}
