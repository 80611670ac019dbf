package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.NamedAdapter;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.ServeTuningOptions;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.serve.LoraServer;
import dev.lora4j.serve.api.ApiKeys;
import dev.lora4j.serve.engine.ServingLimits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Serves models and their adapters over HTTP. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    header = {"Serve models and their adapters over HTTP, with OpenAI's API.", ""},
    description = {
      "",
      "Requests name an adapter as their model. Requests for different adapters are computed"
          + " together, over the same base weights. Ctrl-C stops the server after the requests"
          + " in progress.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora serve --model HuggingFaceTB/SmolLM2-135M-Instruct --adapter bard=out/bard",
      "  curl http://127.0.0.1:8080/v1/chat/completions -d"
          + " '{\"model\": \"bard\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}'"
    })
final class ServeCommand implements Callable<Integer> {
  private static final int MEGABYTE = 20; // bits

  @Option(
      names = "--model",
      paramLabel = "[NAME=]M",
      required = true,
      description =
          "Hugging Face model directory, GGUF file, or org/name[@revision] on the Hub; repeatable.")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--adapter",
      paramLabel = "[NAME=]DIR",
      description = "Adapter to load, into the first model that it fits; repeatable.")
  private List<String> adapters = new ArrayList<>();

  @Option(
      names = "--adapters",
      paramLabel = "DIR",
      description =
          "Folder of adapters, each loaded at its first request under the name of its directory."
              + " Clients may load adapters from this folder only.")
  private Optional<Path> folder = Optional.empty();

  @Option(
      names = "--host",
      paramLabel = "H",
      defaultValue = "127.0.0.1",
      description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String host = "";

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      description = "Port to listen on; 0 for any free port (default: ${DEFAULT-VALUE}).")
  @Range(from = 0, to = 65_535)
  private int port;

  @Option(
      names = "--api-key-file",
      paramLabel = "F",
      description = "File with API keys, one per line; every request must have one of them.")
  private Optional<Path> keys = Optional.empty();

  @Option(
      names = "--no-auth",
      description = "Allow requests from other machines without an API key.")
  private boolean withoutKeys;

  @Mixin private WeightOptions weights = new WeightOptions();
  @Mixin private Limits limits = new Limits();
  @Mixin private ServeTuningOptions tuning = new ServeTuningOptions();

  /** The bounds of the server. */
  static final class Limits {
    @Option(
        names = "--max-batch",
        paramLabel = "N",
        defaultValue = "16",
        description = "Maximum number of concurrent completions (default: ${DEFAULT-VALUE}).")
    @Range(from = 1, to = 1024)
    private int batch;

    @Option(
        names = "--max-queue",
        paramLabel = "N",
        defaultValue = "256",
        description =
            "Maximum number of waiting requests; further ones are refused"
                + " (default: ${DEFAULT-VALUE}).")
    @Range(from = 1, to = Range.MILLION)
    private int queue;

    @Option(
        names = "--max-adapters",
        paramLabel = "N",
        defaultValue = "16",
        description =
            "Maximum number of adapters in memory, divided among the models"
                + " (default: ${DEFAULT-VALUE}).")
    @Range(from = 1, to = Range.MILLION)
    private int adapters;

    @Option(
        names = "--cache-mb",
        paramLabel = "N",
        defaultValue = "1024",
        description =
            "Size of the KV cache in MB, divided among the models (default: ${DEFAULT-VALUE}).")
    @Range(from = 1, to = Range.MILLION)
    private long cache;

    @Option(
        names = "--workers",
        paramLabel = "N",
        description = "Number of worker threads (default: one per core).")
    @Range(from = 1, to = Range.WORKERS)
    private int workers = Runtime.getRuntime().availableProcessors();

    ServingLimits limits() {
      return new ServingLimits(batch, queue, adapters, cache << MEGABYTE, workers);
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    try (LoraServer server = start()) {
      System.err.printf(
          "lora: serving on http://%s:%d/v1; Ctrl-C ends the server%n", host, server.port());
      Runtime.getRuntime().addShutdownHook(new Thread(server::close));
      server.join();
    }
    return 0;
  }

  private LoraServer start() {
    folder.filter(path -> !Files.isDirectory(path)).ifPresent(ServeCommand::refuse);
    LoraServer.Builder builder = LoraServer.builder().host(host).port(port).limits(limits.limits());
    builder.storage(weights.storage());
    models.forEach(given -> addModel(builder, given));
    for (String given : adapters) {
      NamedAdapter adapter = NamedAdapter.parse(given);
      builder.adapter(adapter.name(), References.resolve(adapter.location()));
    }
    folder.ifPresent(builder::adapters);
    tuning.settings().ifPresent(builder::jobs);
    keys.map(ApiKeys::read).ifPresent(builder::apiKeys);
    return (withoutKeys ? builder.withoutKeys() : builder).start();
  }

  /** Without a name, a model is called after its file, or as on the Hub. */
  private static void addModel(LoraServer.Builder builder, String given) {
    int equals = given.indexOf('=');
    boolean isFile = Files.exists(Path.of(given));
    if (equals > 0 && !isFile) {
      builder.model(given.substring(0, equals), References.resolve(given.substring(equals + 1)));
    } else if (isFile) {
      builder.model(References.resolve(given));
    } else {
      builder.model(given, References.resolve(given));
    }
  }

  private static void refuse(Path folder) {
    throw new UserError("--adapters " + folder + " is not a directory");
  }
}
