package dev.lora4j.cli;

/** Parts of option descriptions. */
final class HelpText {
  /** Ends a description with the default value. */
  static final String DEFAULT = " (default: ${DEFAULT-VALUE}).";

  private HelpText() {}
}
