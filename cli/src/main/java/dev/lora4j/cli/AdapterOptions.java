package dev.lora4j.cli;

import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.Targets;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** What kind of adapter is trained. */
final class AdapterOptions {
  @Option(names = "--rank", paramLabel = "N", description = "Rank of the low-rank matrices.")
  private int rank = 8;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      showDefaultValue = Visibility.NEVER,
      description = "The update is scaled by alpha/rank; the rank unless given.")
  private Double alpha = Double.NaN;

  @Option(
      names = "--targets",
      paramLabel = "NAME",
      split = ",",
      showDefaultValue = Visibility.NEVER,
      description = "Layers to adapt, by the end of their path; every linear layer unless given.")
  private List<String> targets = new ArrayList<>();

  @Option(names = "--dora", description = "Train a magnitude for each output too (DoRA).")
  private boolean dora;

  @Option(names = "--rslora", description = "Scale by alpha/√rank instead.")
  private boolean rsLora;

  LoraConfig config() {
    return LoraConfig.rank(rank)
        .alpha(alpha.isNaN() ? rank : alpha)
        .targets(targets.isEmpty() ? Targets.everyLinear() : Targets.named(targets))
        .dora(dora)
        .rsLora(rsLora);
  }
}
