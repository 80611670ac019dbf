package dev.lora4j.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Keeps the last occurrence of an option that is given several times. Picocli would start its
 * option group anew, and lose what the group was given before.
 */
final class RepeatedOptions {
  private RepeatedOptions() {}

  /** Returns the arguments of a command without earlier occurrences of an option with one value. */
  static List<String> lastOf(CommandSpec command, List<String> arguments) {
    Map<Object, List<String>> kept = new LinkedHashMap<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      String name = argument.split("=", 2)[0];
      OptionSpec option = name.startsWith("-") ? command.findOption(name) : null; // or a value
      List<String> words = new ArrayList<>(List.of(argument));
      if (option == null || option.isMultiValue()) {
        kept.put(i, words);
        continue;
      }
      if (option.arity().min() == 1 && !argument.contains("=") && i + 1 < arguments.size()) {
        i++;
        words.add(arguments.get(i));
      }
      kept.remove(option);
      kept.put(option, words);
    }
    return kept.values().stream().flatMap(List::stream).toList();
  }
}
