package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.AdapterOptions;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.TextTable;
import dev.lora4j.cli.train.LeftOut;
import dev.lora4j.cli.train.ScriptCost;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.AdapterPlan;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PlanListing;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.torchscript.TorchScriptModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows the layers of a saved model that an adapter would train. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    header = {"Show the layers that an adapter would train, and their cost.", ""},
    description = {
      "",
      "Reads only headers; a TorchScript file is loaded but not run. Writes nothing.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora plan SmolLM2-135M --rank 8 --alpha 16 --target-modules q_proj,v_proj",
      "  lora plan SmolLM2-135M --config my-adapter/adapter_config.json",
      "  lora plan net.pt --target-modules fc1,conv1"
    })
final class PlanCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "BASE",
      description =
          "Base model: a .safetensors, .bin or TorchScript file, or a Hugging Face model directory.")
  private Path base = Path.of("");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "PEFT adapter_config.json, or a directory that contains one; instead of the other"
              + " options.")
  private @Nullable Path config;

  @Mixin private AdapterOptions adapter = new AdapterOptions();

  @Option(
      names = "--target-regex",
      paramLabel = "REGEX",
      description = "Regular expression that the whole path of a target module matches.")
  private @Nullable String regex;

  @Mixin private OutputFormat output = new OutputFormat();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    if (TorchScriptModel.isAt(base)) {
      planScript();
    } else {
      planCheckpoint();
    }
    return 0;
  }

  private void planScript() {
    try (TorchScriptModel net = TorchScriptModel.load(base)) {
      LoraConfig chosen = config == null ? fromOptions(false) : fromFile(config);
      AdapterPlan plan = Lora.plan(net, chosen);
      PlanListing listing = PlanListing.of(plan, chosen);
      ScriptCost cost = ScriptCost.of(net, listing, LeftOut.describe(net, plan.paths()));
      output.show(
          root -> {
            fill(root, listing, cost.baseParameters());
            cost.fill(root);
          },
          out -> {
            print(out, listing, cost.baseParameters());
            cost.print(out);
          });
    }
  }

  private void planCheckpoint() {
    try (Checkpoint saved = Checkpoint.open(base);
        WeightsOnly network = WeightsOnly.of(saved)) {
      LoraConfig chosen =
          config == null ? fromOptions(network.modelType().isPresent()) : fromFile(config);
      PlanListing listing = PlanListing.of(Lora.plan(network, chosen), chosen);
      output.show(
          root -> fill(root, listing, saved.parameters()),
          out -> print(out, listing, saved.parameters()));
    }
  }

  private LoraConfig fromFile(Path file) {
    List<String> compatible = List.of("--config", "--json");
    if (!spec.commandLine().getParseResult().matchedOptions().stream()
        .allMatch(option -> compatible.contains(option.longestName()))) {
      throw new UserError("--config sets rank, alpha, targets and method; drop the other options");
    }
    return LoraConfig.read(Files.isDirectory(file) ? file.resolve("adapter_config.json") : file);
  }

  private LoraConfig fromOptions(boolean isLanguageModel) {
    int rank = adapter.rank();
    LoraConfig chosen = adapter.config(isLanguageModel ? FineTuneRecipe.defaultAlpha(rank) : rank);
    if (regex == null) {
      return chosen;
    }
    if (spec.commandLine().getParseResult().hasMatchedOption("--target-modules")) {
      throw new UserError("--target-modules and --target-regex are mutually exclusive");
    }
    return chosen.targets(Targets.matching(regex));
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
    out.printf(
        "A run needs about %s for the base in float32, and %s for the trainable parameters, their"
            + " gradients and AdamW's moments; activations grow with --batch-size and"
            + " --max-seq-length.%n",
        NumberFormats.bytes(Float.BYTES * ofBase), NumberFormats.bytes(trainingBytes(listing)));
  }

  /** Parameters and AdamW's two moments, and a gradient for each worker thread. */
  private static long trainingBytes(PlanListing listing) {
    int workers = Runtime.getRuntime().availableProcessors();
    return Float.BYTES * listing.parameters() * (3 + workers);
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
