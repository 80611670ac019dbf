package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.AdapterOptions;
import dev.lora4j.cli.options.MemoryOptions;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.cli.show.MemoryReport;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.PlanTable;
import dev.lora4j.cli.train.LeftOut;
import dev.lora4j.cli.train.ScriptCost;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.plan.ModelOutline;
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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
    header = {"Show what an adapter would train, and the memory of a run.", ""},
    description = {
      "",
      "For a model on the Hub, only config.json is downloaded; for files, only headers are read. A"
          + " TorchScript file is loaded but not run. Writes nothing.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora plan HuggingFaceTB/SmolLM2-135M-Instruct --rank 8",
      "  lora plan SmolLM2-135M --rank 8 --alpha 16 --target-modules q_proj,v_proj",
      "  lora plan config.json --quantize nf4 --batch-size 1 --max-seq-length 256 --memory 16GB",
      "  lora plan SmolLM2-135M --config my-adapter/adapter_config.json",
      "  lora plan net.pt --target-modules fc1,conv1"
    })
final class PlanCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "BASE",
      description =
          "Base model: a name on the Hub, a Hugging Face model directory or its config.json, a GGUF,"
              + " .safetensors, .bin or TorchScript file.")
  private String base = "";

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

  @Mixin private WeightOptions weights = new WeightOptions();

  @Mixin private MemoryOptions memory = new MemoryOptions();

  @Mixin private OutputFormat output = new OutputFormat();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    ModelReference reference = ModelReference.of(base);
    if (reference instanceof ModelReference.Local local) {
      planLocal(local.path());
    } else {
      planFromConfig(References.resolveConfig(base));
    }
    return 0;
  }

  private void planLocal(Path path) {
    if (TorchScriptModel.isAt(path)) {
      planScript(path);
    } else if (path.toString().endsWith(".json") || GgufModel.isAt(path) || isFamily(path)) {
      planFromConfig(path);
    } else {
      planCheckpoint(path);
    }
  }

  /** Returns whether a directory has a config of a supported model type. */
  private static boolean isFamily(Path directory) {
    Path file = directory.resolve(ModelConfig.FILE);
    return Files.isRegularFile(file)
        && ModelFamily.named(JsonDocument.read(file).text("model_type", "")).isPresent();
  }

  private void planScript(Path path) {
    try (TorchScriptModel net = TorchScriptModel.load(path)) {
      LoraConfig chosen = config == null ? fromOptions(false) : fromFile(config);
      AdapterPlan plan = Lora.plan(net, chosen);
      PlanListing listing = PlanListing.of(plan, chosen);
      ScriptCost cost = ScriptCost.of(net, listing, LeftOut.describe(net, plan.paths()));
      PlanTable table = new PlanTable(listing, cost.baseParameters());
      output.show(
          root -> {
            table.fill(root);
            cost.fill(root);
          },
          out -> {
            table.print(out);
            printBaseMemory(out, listing, cost.baseParameters());
            cost.print(out);
          });
    }
  }

  /** Plans for a language model of which only the config or the header of its file is read. */
  private void planFromConfig(Path path) {
    try (ModelOutline model = ModelOutline.of(path)) {
      LoraConfig chosen = config == null ? fromOptions(true) : fromFile(config);
      PlanTable table = new PlanTable(model.listing(chosen), model.parameters());
      MemoryReport report =
          new MemoryReport(
              model,
              memory.setup(model, weights.storage(), chosen),
              memory.contextLength(model),
              memory.cacheBytes(),
              memory.machine(),
              memory.isOtherMachine() ? "The machine" : "This machine");
      output.show(
          root -> {
            table.fill(root);
            report.fill(root);
          },
          out -> {
            table.print(out);
            report.print(out);
          });
    }
  }

  private void planCheckpoint(Path path) {
    try (Checkpoint saved = Checkpoint.open(path);
        WeightsOnly network = WeightsOnly.of(saved)) {
      LoraConfig chosen =
          config == null ? fromOptions(network.modelType().isPresent()) : fromFile(config);
      PlanListing listing = PlanListing.of(Lora.plan(network, chosen), chosen);
      PlanTable table = new PlanTable(listing, saved.parameters());
      output.show(
          table::fill,
          out -> {
            table.print(out);
            printBaseMemory(out, listing, saved.parameters());
          });
    }
  }

  private LoraConfig fromFile(Path file) {
    Set<String> compatible = new HashSet<>(MemoryOptions.NAMES);
    compatible.addAll(List.of("--config", "--json"));
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

  private static void printBaseMemory(PrintStream out, PlanListing listing, long ofBase) {
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
}
