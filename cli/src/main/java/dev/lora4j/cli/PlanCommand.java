package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.PlanListing;
import dev.lora4j.lora.Targets;
import dev.lora4j.models.checkpoint.Checkpoint;
import dev.lora4j.models.checkpoint.WeightsOnly;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what an adapter would train in a saved model, and touches nothing. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description = {
      "Shows which layers of a saved model an adapter would train, and what that costs.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora plan SmolLM2-135M --rank 8 --alpha 16 --targets q_proj,v_proj",
      "  lora plan SmolLM2-135M --config my-adapter/adapter_config.json"
    })
final class PlanCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "BASE",
      description = "A .safetensors or .bin file, or a directory as Hugging Face lays it out.")
  private Path base = Path.of("");

  @Option(names = "--config", paramLabel = "FILE", description = "An adapter_config.json.")
  private @Nullable Path config;

  @Option(names = "--rank", paramLabel = "N", description = "Rank of the matrices; 8 if not given.")
  private @Nullable Integer rank;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      description = "The update is scaled by alpha/rank; as the rank if not given.")
  private @Nullable Double alpha;

  @Option(
      names = "--targets",
      paramLabel = "NAME",
      split = ",",
      description = "Names of layers, or all-linear, which is what is taken if none is given.")
  private List<String> targets = new ArrayList<>();

  @Option(
      names = "--target-regex",
      paramLabel = "REGEX",
      description = "Layers whose whole path matches.")
  private @Nullable String regex;

  @Option(
      names = "--exclude",
      paramLabel = "NAME",
      split = ",",
      description = "Names of layers to leave out.")
  private List<String> exclude = new ArrayList<>();

  @Option(names = "--dora", description = "With a magnitude for each output (DoRA).")
  private boolean dora;

  @Option(names = "--rslora", description = "Scaled by alpha/√rank (rsLoRA).")
  private boolean rsLora;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    LoraConfig adapter = config();
    try (Checkpoint saved = Checkpoint.open(base);
        WeightsOnly network = WeightsOnly.of(saved)) {
      PlanListing listing = PlanListing.of(Lora.plan(network, adapter), adapter);
      if (json) {
        JsonLine.print(System.out, root -> fill(root, listing, saved.parameters()));
      } else {
        print(System.out, listing, saved.parameters());
      }
    }
    return 0;
  }

  private LoraConfig config() {
    if (config == null) {
      return fromOptions();
    }
    boolean options =
        rank != null || alpha != null || !targets.isEmpty() || !exclude.isEmpty() || regex != null;
    if (options || dora || rsLora) {
      throw new UserError(
          "--config says rank, alpha, targets and method; leave the other options out");
    }
    return LoraConfig.read(
        Files.isDirectory(config) ? config.resolve("adapter_config.json") : config);
  }

  private LoraConfig fromOptions() {
    LoraConfig chosen = LoraConfig.rank(rank == null ? 8 : rank).dora(dora).rsLora(rsLora);
    if (alpha != null) {
      chosen = chosen.alpha(alpha);
    }
    return chosen.targets(targets()).exclude(Targets.named(exclude));
  }

  private Targets targets() {
    if (regex != null && !targets.isEmpty()) {
      throw new UserError("--targets and --target-regex don't go together");
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
        new TextTable("module", "kind", "shape", "rank", "scaling", "trained", "bytes");
    for (PlanListing.Row row : listing.rows()) {
      table.row(
          row.path(),
          row.kind(),
          row.shape().toString(),
          row.rank() == 0 ? "–" : String.valueOf(row.rank()),
          row.rank() == 0 ? "–" : Numbers.plain(row.scaling()),
          Numbers.count(row.parameters()),
          Numbers.bytes(row.bytes()));
    }
    table.print(out);
    out.printf(
        "%s modules, %s numbers to train (%s of the base's %s), %s in float32%n",
        Numbers.count(listing.rows().size()),
        Numbers.count(listing.parameters()),
        Numbers.percent((double) listing.parameters() / ofBase),
        Numbers.count(ofBase),
        Numbers.bytes(listing.bytes()));
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
