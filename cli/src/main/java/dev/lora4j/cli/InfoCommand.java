package dev.lora4j.cli;

import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.show.AdapterListing;
import dev.lora4j.cli.show.GgufListing;
import dev.lora4j.cli.show.Listing;
import dev.lora4j.cli.show.QuantizedListing;
import dev.lora4j.cli.show.ScriptListing;
import dev.lora4j.cli.show.TensorListing;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.ListedTensor;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.gguf.GgufModel;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.BitsAndBytesFile;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.lora.format.AdapterSummary;
import dev.lora4j.torchscript.TorchScriptModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows the contents of a saved adapter or model; reads headers only. */
@Command(
    name = "info",
    mixinStandardHelpOptions = true,
    header = {"Show the contents of an adapter or a saved model.", ""},
    description = {"", "Reads the headers only; the model is not loaded.", ""},
    footer = {
      "",
      "Examples:",
      "  lora info lora-report/adapter",
      "  lora info SmolLM2-135M",
      "  lora info adapter.gguf"
    })
final class InfoCommand implements Callable<Integer> {
  private static final String ADAPTER_CONFIG = "adapter_config.json";

  @Parameters(
      paramLabel = "PATH",
      description =
          "Adapter directory, model directory, or .safetensors, .bin, GGUF or TorchScript file.")
  private Path path = Path.of("");

  @Option(names = "--all", description = "List every tensor on a line of its own.")
  private boolean all;

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    if (Files.exists(path.resolve(ADAPTER_CONFIG))) {
      AdapterSummary adapter = AdapterSummary.read(path);
      try (TensorFile file = adapter.open()) {
        show(new AdapterListing(adapter, new TensorListing(ListedTensor.of(file))));
      }
    } else if (TorchScriptModel.isAt(path)) {
      try (TorchScriptModel net = TorchScriptModel.load(path)) {
        show(new ScriptListing(net));
      }
    } else if (GgufModel.isAt(path)) {
      try (GgufFile file = GgufFile.open(path)) {
        show(new GgufListing(file));
      }
    } else {
      try (WeightFile saved = savedModel()) {
        show(
            saved instanceof BitsAndBytesFile quantized
                ? new QuantizedListing(quantized)
                : new TensorListing(ListedTensor.of(saved)));
      }
    }
    return 0;
  }

  private WeightFile savedModel() {
    Path file = path.resolve(ModelConfig.FILE);
    if (Files.exists(file)) {
      JsonDocument config = JsonDocument.read(file);
      if (BitsAndBytesConfig.isIn(config)) {
        return Checkpoint.weights(path, config);
      }
    }
    return Checkpoint.open(path);
  }

  private void show(Listing listing) {
    output.show(listing::fill, out -> listing.print(out, all));
  }
}
