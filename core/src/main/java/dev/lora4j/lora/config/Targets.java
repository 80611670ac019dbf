package dev.lora4j.lora.config;

import dev.lora4j.UserError;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The target modules of an adapter, by path; PEFT's {@code target_modules}. */
public sealed interface Targets {

  /** Returns whether an adaptable module at this path is a target. */
  boolean include(String path);

  /** Describes the targets for messages. */
  String describe();

  /** Targets all linear layers except a language model's head. */
  static Targets everyLinear() {
    return new EveryLinear();
  }

  /** Targets PEFT's default layers for the architecture: {@code target_modules: null}. */
  static Targets ofArchitecture() {
    return new OfArchitecture();
  }

  /** Targets no module. */
  static Targets none() {
    return Named.NOTHING;
  }

  /** The modules whose path is one of these names, or ends in a dot and one of them. */
  static Targets named(String... names) {
    return named(List.of(names));
  }

  /** The modules whose path is one of these names, or ends in a dot and one of them. */
  static Targets named(List<String> names) {
    return new Named(List.copyOf(names));
  }

  /**
   * Targets the modules whose full path matches this regular expression, in Python's syntax.
   *
   * @throws UserError if it is not a regular expression
   */
  static Targets matching(String regex) {
    return new Matching(regex, PythonRegex.compile(regex, regex));
  }

  /** Targets the modules at exactly these paths, not deeper ones that end like one of them. */
  static Targets exactly(List<String> paths) {
    return matching(
        paths.stream().map(path -> path.replace(".", "\\.")).collect(Collectors.joining("|")));
  }

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

  record OfArchitecture() implements Targets {
    /** The network must resolve these targets first. */
    @Override
    public boolean include(String path) {
      return false;
    }

    @Override
    public String describe() {
      return "the architecture's default layers";
    }
  }

  record Named(List<String> names) implements Targets {
    private static final Named NOTHING = new Named(List.of());

    @Override
    public boolean include(String path) {
      return names.stream().anyMatch(name -> matches(name, path));
    }

    @Override
    public String describe() {
      return String.join(", ", names);
    }

    /** Returns whether a path is this name or ends with a dot and this name. */
    static boolean matches(String name, String path) {
      return path.equals(name) || path.endsWith("." + name);
    }
  }

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
