package dev.lora4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorInfo;
import dev.lora4j.lora.AdapterSummary;
import dev.lora4j.models.script.TorchScriptModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists what a saved adapter or model holds; reads headers only. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    description = "Lists an adapter directory or a saved model.",
    footer = {"", "Example:", "  lora info lora-report/adapter"})
final class InfoCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "PATH",
      description = "An adapter directory, a .safetensors or a TorchScript file.")
  private Path path = Path.of("");

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    if (!Files.exists(path)) {
      throw new UserError("there is no " + path);
    }
    if (TorchScriptModel.isAt(path)) {
      if (json) {
        ScriptListing.printJson(System.out, path);
      } else {
        ScriptListing.print(System.out, path);
      }
      return 0;
    }
    Optional<AdapterSummary> adapter =
        Files.isDirectory(path) ? Optional.of(AdapterSummary.read(path)) : Optional.empty();
    Path file = adapter.map(AdapterSummary::weights).orElse(path);
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      if (json) {
        printJson(System.out, adapter, tensors);
      } else {
        print(System.out, adapter, tensors);
      }
    }
    return 0;
  }

  private static void print(
      PrintStream out, Optional<AdapterSummary> adapter, SafetensorsFile tensors) {
    adapter.ifPresent(
        a ->
            out.printf(
                "LoRA adapter: rank %d, alpha %s, scaling %s, targets %s%n",
                a.config().rank(), a.config().alpha(), a.config().scaling(), a.targets()));
    tensors
        .infos()
        .forEach((name, info) -> out.printf("- %s %s %s%n", name, info.dtype(), info.shape()));
    out.printf(
        "%d tensors, %,d parameters, %,d bytes%n",
        tensors.names().size(), elements(tensors), bytes(tensors));
  }

  private static void printJson(
      PrintStream out, Optional<AdapterSummary> adapter, SafetensorsFile tensors) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    adapter.ifPresent(
        a -> {
          ObjectNode lora = root.putObject("adapter");
          lora.put("rank", a.config().rank());
          lora.put("alpha", a.config().alpha());
          lora.put("scaling", a.config().scaling());
          lora.put("targets", a.targets());
        });
    ArrayNode list = root.putArray("tensors");
    for (Map.Entry<String, TensorInfo> entry : tensors.infos().entrySet()) {
      ObjectNode tensor = list.addObject();
      tensor.put("name", entry.getKey());
      tensor.put("dtype", entry.getValue().dtype().name());
      entry.getValue().shape().forEach(tensor.withArray("shape")::add);
    }
    root.put("parameters", elements(tensors));
    root.put("bytes", bytes(tensors));
    try {
      out.println(mapper.writeValueAsString(root));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an object that can't be written", e);
    }
  }

  private static long elements(SafetensorsFile tensors) {
    return tensors.infos().values().stream().mapToLong(TensorInfo::elements).sum();
  }

  private static long bytes(SafetensorsFile tensors) {
    return tensors.infos().values().stream().mapToLong(TensorInfo::bytes).sum();
  }
}
