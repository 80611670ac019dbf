package dev.lora4j.cli.options;

/** Parts of option descriptions. */
public final class HelpText {
  /** Ends a description with the default value. */
  public static final String DEFAULT = " (default: ${DEFAULT-VALUE}).";

  private HelpText() {}
}
