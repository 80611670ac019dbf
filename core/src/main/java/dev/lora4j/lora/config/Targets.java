package dev.lora4j.lora.config;

import dev.lora4j.UserError;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Which modules are adapted, by path; PEFT's {@code target_modules}. */
public sealed interface Targets {

  /** Whether the module at this path, of a kind that can be adapted, is meant. */
  boolean include(String path);

  /** The choice in words. */
  String describe();

  /** Every linear layer, at any depth, but a language model's head. */
  static Targets everyLinear() {
    return new EveryLinear();
  }

  /**
   * The layers that PEFT adapts in a network of this architecture ({@code target_modules: null}):
   * queries and values of attention, mostly. The network must say its {@code modelType}.
   */
  static Targets ofArchitecture() {
    return new OfArchitecture();
  }

  /** Nothing. */
  static Targets none() {
    return Named.NOTHING;
  }

  /** The modules whose path is, or ends with a dot and, one of these names. */
  static Targets named(String... names) {
    return named(List.of(names));
  }

  /** The modules whose path is, or ends with a dot and, one of these names. */
  static Targets named(List<String> names) {
    return new Named(List.copyOf(names));
  }

  /**
   * The modules whose whole path matches this regular expression, of Python's syntax.
   *
   * @throws UserError if it is no regular expression
   */
  static Targets matching(String regex) {
    return new Matching(regex, PythonRegex.compile("target_modules", regex));
  }

  /** The modules at these paths, and none that is deeper and ends like one of them. */
  static Targets exactly(List<String> paths) {
    return matching(
        paths.stream().map(path -> path.replace(".", "\\.")).collect(Collectors.joining("|")));
  }

  /** See {@link #everyLinear}. */
  record EveryLinear() implements Targets {
    @Override
    public boolean include(String path) {
      return true;
    }

    @Override
    public String describe() {
      return "every linear layer";
    }
  }

  /** See {@link #ofArchitecture}. */
  record OfArchitecture() implements Targets {
    /** Which they are depends on the network. */
    @Override
    public boolean include(String path) {
      return false;
    }

    @Override
    public String describe() {
      return "the architecture's default layers";
    }
  }

  /** See {@link #named(List)}. */
  record Named(List<String> names) implements Targets {
    private static final Named NOTHING = new Named(List.of());

    @Override
    public boolean include(String path) {
      return names.stream().anyMatch(name -> means(name, path));
    }

    @Override
    public String describe() {
      return String.join(", ", names);
    }

    /** Whether a path is this name, or ends with it. */
    static boolean means(String name, String path) {
      return path.equals(name) || path.endsWith("." + name);
    }
  }

  /** See {@link #matching(String)}. */
  record Matching(String regex, Pattern pattern) implements Targets {
    @Override
    public boolean include(String path) {
      return pattern.matcher(path).matches();
    }

    @Override
    public String describe() {
      return regex;
    }
  }
}
