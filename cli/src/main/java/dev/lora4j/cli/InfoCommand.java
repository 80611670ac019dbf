package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.report.Numbers;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorInfo;
import dev.lora4j.lora.AdapterSummary;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.models.checkpoint.Checkpoint;
import dev.lora4j.models.checkpoint.TensorGroup;
import dev.lora4j.models.script.TorchScriptModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists what a saved adapter or model holds; reads headers only. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = {"Lists an adapter directory or a saved model, without loading it.", ""},
    footer = {"", "Examples:", "  lora info lora-report/adapter", "  lora info SmolLM2-135M"})
final class InfoCommand implements Callable<Integer> {
  private static final String ADAPTER_CONFIG = "adapter_config.json";

  @Parameters(
      paramLabel = "PATH",
      description =
          "An adapter directory, a model directory, a .safetensors or a TorchScript file.")
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
    try (Checkpoint saved = Checkpoint.open(path)) {
      if (json) {
        JsonLine.print(System.out, root -> fill(root, saved.infos()));
      } else {
        print(System.out, saved.infos());
      }
    }
    return 0;
  }

  private void listAdapter(AdapterSummary adapter) {
    try (SafetensorsFile tensors = SafetensorsFile.open(adapter.weights())) {
      if (json) {
        JsonLine.print(
            System.out,
            root -> {
              fill(root.putObject("adapter"), adapter);
              fill(root, tensors.infos());
            });
      } else {
        print(System.out, adapter);
        print(System.out, tensors.infos());
      }
    }
  }

  private static void print(PrintStream out, AdapterSummary adapter) {
    LoraConfig config = adapter.config();
    out.printf(
        "LoRA adapter: rank %d, alpha %s, scaling %s, targets %s%n",
        config.rank(), config.alpha(), config.scaling(), adapter.targets());
    List<String> methods = methods(config);
    if (!methods.isEmpty()) {
      out.println("Options: " + String.join(", ", methods));
    }
    String base = config.otherKeys().get("base_model_name_or_path");
    if (base != null) {
      out.println("Made for: " + base.replace("\"", ""));
    }
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

  private void print(PrintStream out, Map<String, TensorInfo> tensors) {
    if (all) {
      tensors.forEach((name, info) -> out.printf("- %s %s %s%n", name, info.dtype(), info.shape()));
    } else {
      TensorGroup.of(tensors).forEach(group -> print(out, group));
    }
    out.printf(
        "%s tensors, %s parameters, %s bytes%n",
        Numbers.count(tensors.size()),
        Numbers.count(elements(tensors)),
        Numbers.count(bytes(tensors)));
  }

  private static void print(PrintStream out, TensorGroup group) {
    String times = group.count() == 1 ? "" : " × " + group.count();
    out.printf("- %s %s %s%s%n", group.name(), group.dtype(), group.shape(), times);
  }

  private static void fill(ObjectNode lora, AdapterSummary adapter) {
    lora.put("rank", adapter.config().rank());
    lora.put("alpha", adapter.config().alpha());
    lora.put("scaling", adapter.config().scaling());
    lora.put("targets", adapter.targets());
    methods(adapter.config()).forEach(lora.putArray("options")::add);
  }

  private static void fill(ObjectNode root, Map<String, TensorInfo> tensors) {
    tensors.forEach(
        (name, info) -> {
          ObjectNode tensor = root.withArray("tensors").addObject();
          tensor.put("name", name);
          tensor.put("dtype", info.dtype().name());
          info.shape().forEach(tensor.withArray("shape")::add);
        });
    root.put("parameters", elements(tensors));
    root.put("bytes", bytes(tensors));
  }

  private static long elements(Map<String, TensorInfo> tensors) {
    return tensors.values().stream().mapToLong(TensorInfo::elements).sum();
  }

  private static long bytes(Map<String, TensorInfo> tensors) {
    return tensors.values().stream().mapToLong(TensorInfo::bytes).sum();
  }
}
