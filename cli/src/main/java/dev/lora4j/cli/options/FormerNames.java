package dev.lora4j.cli.options;

import static java.util.Map.entry;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Former option names, which still work on the command line and in YAML files but appear in no help
 * text. A name is replaced only for a command that has the current option and not one of the former
 * name.
 */
public final class FormerNames {
  private static final Map<String, String> CURRENT =
      Map.ofEntries(
          entry("accumulate", "gradient-accumulation-steps"),
          entry("batch", "batch-size"),
          entry("checkpointing", "gradient-checkpointing"),
          entry("clip", "max-grad-norm"),
          entry("colour", "color"),
          entry("eval-every", "eval-steps"),
          entry("exclude", "exclude-modules"),
          entry("hidden", "hidden-size"),
          entry("intermediate", "intermediate-size"),
          entry("lora-plus", "loraplus-lr-ratio"),
          entry("lr", "learning-rate"),
          entry("majority", "majority-sign-method"),
          entry("max-tokens", "max-seq-length"),
          entry("new", "new-tokens"),
          entry("patience", "early-stopping-patience"),
          entry("prompt", "prompt-tokens"),
          entry("sample", "sample-prompt"),
          entry("save-every", "save-steps"),
          entry("schedule", "lr-scheduler"),
          entry("size", "image-size"),
          entry("system", "system-prompt"),
          entry("targets", "target-modules"),
          entry("tokens", "seq-length"),
          entry("valid", "validation-data"),
          entry("valid-fraction", "validation-split"),
          entry("vocab", "vocab-size"),
          entry("warmup", "warmup-steps"));

  private final Collection<String> known;

  /**
   * The names that a command accepts.
   *
   * @param known the command's current option names, without dashes
   */
  public FormerNames(Collection<String> known) {
    this.known = known;
  }

  /** Returns the current name of an option; a name that is not a former one is returned as is. */
  public String current(String name) {
    String current = CURRENT.get(name);
    return current == null || known.contains(name) || !known.contains(current) ? name : current;
  }

  /**
   * Replaces the former names on a command line.
   *
   * @throws UserError if an option is given by both of its names
   */
  public List<String> replaceIn(List<String> arguments) {
    List<String> replaced = new ArrayList<>();
    Map<String, String> given = new HashMap<>();
    boolean options = true;
    for (String argument : arguments) {
      options &= !argument.equals("--");
      if (!options || !argument.startsWith("--")) {
        replaced.add(argument);
        continue;
      }
      int end = argument.indexOf('=') < 0 ? argument.length() : argument.indexOf('=');
      String name = argument.substring(2, end);
      String current = current(name);
      String before = given.putIfAbsent(current, name);
      if (before != null && !before.equals(name)) {
        throw new UserError(
            "--%s and --%s are the same option; give only --%s".formatted(before, name, current));
      }
      replaced.add("--" + current + argument.substring(end));
    }
    return replaced;
  }

  /** Returns {@code "; did you mean --rank?"} with the nearest current names, or nothing. */
  public String hint(String mistyped, String prefix) {
    Map<String, String> names = new LinkedHashMap<>();
    known.forEach(name -> names.put(name, name));
    CURRENT.forEach((former, current) -> names.putIfAbsent(former, current(former)));
    List<String> near =
        NearMiss.nearest(mistyped, names.keySet()).stream()
            .map(names::get)
            .filter(known::contains)
            .distinct()
            .map(prefix::concat)
            .toList();
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }
}
