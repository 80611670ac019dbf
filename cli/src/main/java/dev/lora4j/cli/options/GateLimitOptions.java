package dev.lora4j.cli.options;

import dev.lora4j.llm.gate.GateLimits;
import picocli.CommandLine.Option;

/** The limits of the gate. */
public final class GateLimitOptions {
  @Option(
      names = "--max-forgetting",
      paramLabel = "X",
      defaultValue = "0.2",
      description =
          "Gate: maximum rise of the loss on general texts, in nats per token"
              + " (default: ${DEFAULT-VALUE}).")
  @Range(from = 0)
  private double maxForgetting;

  @Option(
      names = "--min-stopped",
      paramLabel = "X",
      defaultValue = "0.5",
      description =
          "Gate: minimum fraction of completions of held-out prompts that end with a stop token"
              + " (default: ${DEFAULT-VALUE}).")
  @Range(from = 0, to = 1)
  private double minStopped;

  public GateLimits limits() {
    return new GateLimits(maxForgetting, minStopped);
  }
}
