package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.TensorFile;
import dev.lora4j.lora.AdapterSummary;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.models.checkpoint.Checkpoint;
import dev.lora4j.models.checkpoint.ListedTensor;
import dev.lora4j.models.gguf.GgufModel;
import dev.lora4j.models.script.TorchScriptModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists what a saved adapter or model holds; reads headers only. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = {"Lists an adapter directory or a saved model, without loading it.", ""},
    footer = {
      "",
      "Examples:",
      "  lora info lora-report/adapter",
      "  lora info SmolLM2-135M",
      "  lora info adapter.gguf"
    })
final class InfoCommand implements Callable<Integer> {
  private static final int MANY_TARGETS = 14;

  private static final String ADAPTER_CONFIG = "adapter_config.json";

  @Parameters(
      paramLabel = "PATH",
      description =
          "An adapter directory, a model directory, a .safetensors, .bin, GGUF or TorchScript file.")
  private Path path = Path.of("");

  @Option(names = "--all", description = "Every tensor on a line of its own.")
  private boolean all;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    if (Files.exists(path.resolve(ADAPTER_CONFIG))) {
      listAdapter(AdapterSummary.read(path));
      return 0;
    }
    if (TorchScriptModel.isAt(path)) {
      if (json) {
        ScriptListing.printJson(System.out, path);
      } else {
        ScriptListing.print(System.out, path);
      }
      return 0;
    }
    if (GgufModel.isAt(path)) {
      if (json) {
        GgufListing.printJson(System.out, path);
      } else {
        GgufListing.print(System.out, path, all);
      }
      return 0;
    }
    try (Checkpoint saved = Checkpoint.open(path)) {
      TensorListing tensors = new TensorListing(ListedTensor.of(saved));
      if (json) {
        JsonLine.print(System.out, tensors::fill);
      } else {
        tensors.print(System.out, all);
      }
    }
    return 0;
  }

  private void listAdapter(AdapterSummary adapter) {
    try (TensorFile file = adapter.open()) {
      TensorListing tensors = new TensorListing(ListedTensor.of(file));
      if (json) {
        JsonLine.print(
            System.out,
            root -> {
              fill(root.putObject("adapter"), adapter);
              tensors.fill(root);
            });
      } else {
        print(System.out, adapter);
        tensors.print(System.out, all);
      }
    }
  }

  private static void print(PrintStream out, AdapterSummary adapter) {
    LoraConfig config = adapter.config();
    out.printf(
        "LoRA adapter: rank %d, alpha %s, scaling %s, targets %s%n",
        config.rank(), config.alpha(), config.scaling(), targets(adapter.targets()));
    List<String> methods = methods(config);
    if (!methods.isEmpty()) {
      out.println("Options: " + String.join(", ", methods));
    }
    String base = config.otherKeys().get("base_model_name_or_path");
    if (base != null) {
      out.println("Made for: " + base.replace("\"", ""));
    }
  }

  /** Their paths, or where these are many the ends of them; the tensors below tell the rest. */
  private static String targets(String all) {
    List<String> paths = List.of(all.split(", "));
    if (paths.size() <= MANY_TARGETS) {
      return all;
    }
    TreeSet<String> ends = new TreeSet<>();
    paths.forEach(path -> ends.add(path.substring(path.lastIndexOf('.') + 1)));
    return "%d layers (%s)".formatted(paths.size(), String.join(", ", ends));
  }

  /** What is not a plain LoRA about it. */
  private static List<String> methods(LoraConfig config) {
    List<String> methods = new ArrayList<>();
    if (config.dora()) {
      methods.add("DoRA");
    }
    if (config.rsLora()) {
      methods.add("rsLoRA");
    }
    if (config.loraBias()) {
      methods.add("lora_bias");
    }
    config
        .rankPattern()
        .values()
        .forEach((k, v) -> methods.add("rank " + v.intValue() + " at " + k));
    config.alphaPattern().values().forEach((k, v) -> methods.add("alpha " + v + " at " + k));
    if (!config.modulesToSave().isEmpty()) {
      methods.add("whole modules " + String.join(" ", config.modulesToSave()));
    }
    config.trainableTokens().forEach((name, rows) -> methods.add(rows.size() + " rows of " + name));
    if (!config.targetParameters().isEmpty()) {
      methods.add("parameters " + String.join(" ", config.targetParameters()));
    }
    return methods;
  }

  private static void fill(ObjectNode lora, AdapterSummary adapter) {
    lora.put("rank", adapter.config().rank());
    lora.put("alpha", adapter.config().alpha());
    lora.put("scaling", adapter.config().scaling());
    lora.put("targets", adapter.targets());
    methods(adapter.config()).forEach(lora.putArray("options")::add);
  }
}
