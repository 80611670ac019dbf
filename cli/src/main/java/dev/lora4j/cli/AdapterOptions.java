package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.lora.Initialization;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraMethod;
import dev.lora4j.lora.LoraMethods;
import dev.lora4j.lora.Targets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** What kind of adapter is trained. */
final class AdapterOptions {
  private static final String ALL_LINEAR = "all-linear";

  @Option(names = "--rank", paramLabel = "N", description = "Rank of the low-rank matrices.")
  private int rank = 8;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      showDefaultValue = Visibility.NEVER,
      description =
          "The update is scaled by alpha/rank; unless given twice the rank for language models, else"
              + " the rank.")
  private @Nullable Double alpha;

  @Option(
      names = "--targets",
      paramLabel = "NAME",
      split = ",",
      showDefaultValue = Visibility.NEVER,
      description =
          "Layers to adapt, by the end of their path, or all-linear; every linear layer but a"
              + " language model's head unless given.")
  private List<String> targets = new ArrayList<>();

  @Option(
      names = "--exclude",
      paramLabel = "NAME",
      split = ",",
      showDefaultValue = Visibility.NEVER,
      description = "Layers to leave out.")
  private List<String> exclude = new ArrayList<>();

  @Option(
      names = "--dropout",
      paramLabel = "X",
      description = "Probability that an input of the update is zero in training.")
  private double dropout;

  @Option(names = "--dora", description = "Train a magnitude for each output too (DoRA).")
  private boolean dora;

  @Option(names = "--rslora", description = "Scale by alpha/√rank instead.")
  private boolean rsLora;

  @Option(
      names = "--init",
      paramLabel = "NAME",
      description =
          "How the matrices begin: true, gaussian, orthogonal, pissa, olora, or for language models"
              + " eva, from the data.")
  private String init = "true";

  /** The adapter's alpha, if it was given. */
  OptionalDouble alpha() {
    return alpha == null ? OptionalDouble.empty() : OptionalDouble.of(alpha);
  }

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description =
          "Method: lora or vera, which trains far fewer parameters and needs a higher --rank, such"
              + " as 256 (default: lora).")
  private String method = "lora";

  private LoraMethod method() {
    LoraMethod named = LoraMethods.named(method);
    if (alpha != null && !named.configKeys().contains("lora_alpha")) {
      throw new UserError("--alpha does not apply to --method " + method);
    }
    return named;
  }

  int rank() {
    return rank;
  }

  LoraConfig config(double usualAlpha) {
    return LoraConfig.rank(rank)
        .alpha(alpha().orElse(usualAlpha))
        .targets(isAllLinear() ? Targets.everyLinear() : Targets.named(targets))
        .exclude(Targets.named(exclude))
        .dropout(dropout)
        .dora(dora)
        .rsLora(rsLora)
        .method(method())
        .initialization(
            init.equals("true") ? new Initialization.Standard() : Initialization.named(init));
  }

  private boolean isAllLinear() {
    return targets.isEmpty() || targets.equals(List.of(ALL_LINEAR));
  }
}
