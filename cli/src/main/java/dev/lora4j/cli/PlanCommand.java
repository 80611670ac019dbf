package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.TextTable;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PlanListing;
import dev.lora4j.lora.config.Targets;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows the layers of a saved model that an adapter would train. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    header = {"Show the layers that an adapter would train, and their cost.", ""},
    description = {"", "Reads the headers only and writes nothing.", ""},
    footer = {
      "",
      "Examples:",
      "  lora plan SmolLM2-135M --rank 8 --alpha 16 --target-modules q_proj,v_proj",
      "  lora plan SmolLM2-135M --config my-adapter/adapter_config.json"
    })
final class PlanCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "BASE",
      description = "Base model: a .safetensors or .bin file, or a Hugging Face model directory.")
  private Path base = Path.of("");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "PEFT adapter_config.json, or a directory that contains one; instead of the options"
              + " below.")
  private @Nullable Path config;

  @Option(names = "--rank", paramLabel = "N", description = "LoRA rank (default: 8).")
  private @Nullable Integer rank;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      description =
          "LoRA alpha: the update is scaled by alpha/rank (default: twice the rank for language"
              + " models, otherwise the rank).")
  private @Nullable Double alpha;

  @Option(
      names = "--target-modules",
      paramLabel = "NAME",
      split = ",",
      description =
          "Target modules, by the end of their path, or all-linear (default: all-linear).")
  private List<String> targets = new ArrayList<>();

  @Option(
      names = "--target-regex",
      paramLabel = "REGEX",
      description = "Regular expression that the whole path of a target module matches.")
  private @Nullable String regex;

  @Option(
      names = "--exclude-modules",
      paramLabel = "NAME",
      split = ",",
      description = "Modules to leave out of the target modules.")
  private List<String> exclude = new ArrayList<>();

  @Option(names = "--dora", description = "Use DoRA: also train a magnitude per output.")
  private boolean dora;

  @Option(names = "--rslora", description = "Use rsLoRA: scale by alpha/√rank.")
  private boolean rsLora;

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    try (Checkpoint saved = Checkpoint.open(base);
        WeightsOnly network = WeightsOnly.of(saved)) {
      LoraConfig adapter = config(network.modelType().isPresent());
      PlanListing listing = PlanListing.of(Lora.plan(network, adapter), adapter);
      output.show(
          root -> fill(root, listing, saved.parameters()),
          out -> print(out, listing, saved.parameters()));
    }
    return 0;
  }

  private LoraConfig config(boolean isLanguageModel) {
    if (config == null) {
      return fromOptions(isLanguageModel);
    }
    boolean options =
        rank != null || alpha != null || !targets.isEmpty() || !exclude.isEmpty() || regex != null;
    if (options || dora || rsLora) {
      throw new UserError("--config sets rank, alpha, targets and method; drop the other options");
    }
    return LoraConfig.read(
        Files.isDirectory(config) ? config.resolve("adapter_config.json") : config);
  }

  private LoraConfig fromOptions(boolean isLanguageModel) {
    LoraConfig chosen = LoraConfig.rank(rank == null ? 8 : rank).dora(dora).rsLora(rsLora);
    if (alpha != null) {
      chosen = chosen.alpha(alpha);
    } else if (isLanguageModel) {
      chosen = chosen.alpha(FineTuneRecipe.defaultAlpha(chosen.rank()));
    }
    return chosen.targets(targets()).exclude(Targets.named(exclude));
  }

  private Targets targets() {
    if (regex != null && !targets.isEmpty()) {
      throw new UserError("--target-modules and --target-regex are mutually exclusive");
    }
    if (regex != null) {
      return Targets.matching(regex);
    }
    return targets.isEmpty() || targets.equals(List.of("all-linear"))
        ? Targets.everyLinear()
        : Targets.named(targets);
  }

  private static void print(PrintStream out, PlanListing listing, long ofBase) {
    TextTable table =
        new TextTable("module", "kind", "shape", "rank", "scaling", "parameters", "bytes");
    for (PlanListing.Row row : listing.rows()) {
      table.row(
          row.path(),
          row.kind(),
          row.shape().toString(),
          row.rank() == 0 ? "–" : String.valueOf(row.rank()),
          row.rank() == 0 ? "–" : NumberFormats.plain(row.scaling()),
          NumberFormats.count(row.parameters()),
          NumberFormats.bytes(row.bytes()));
    }
    table.print(out);
    out.printf(
        "%s modules; trainable parameters: %s (%s of %s in the base), %s in float32%n",
        NumberFormats.count(listing.rows().size()),
        NumberFormats.count(listing.parameters()),
        NumberFormats.percent((double) listing.parameters() / ofBase),
        NumberFormats.count(ofBase),
        NumberFormats.bytes(listing.bytes()));
  }

  private static void fill(ObjectNode root, PlanListing listing, long ofBase) {
    for (PlanListing.Row row : listing.rows()) {
      ObjectNode module = root.withArray("modules").addObject();
      module.put("path", row.path());
      module.put("kind", row.kind());
      row.shape().forEach(module.withArray("shape")::add);
      module.put("rank", row.rank());
      module.put("scaling", row.scaling());
      module.put("parameters", row.parameters());
      module.put("bytes", row.bytes());
    }
    root.put("parameters", listing.parameters());
    root.put("bytes", listing.bytes());
    root.put("base_parameters", ofBase);
    root.put("share", (double) listing.parameters() / ofBase);
  }
}
