package dev.lora4j.bench;

import dev.lora4j.bench.StreamedCompletion.Request;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.lora.config.Targets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measurements of a server with more adapters on disk than in memory. */
@Command(
    name = "tenants",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Sends requests for random adapters to lora serve, a few of which fit in memory, and"
            + " reports its memory and the time to first token of cold and warm adapters.",
    footer = {"", "Example:", "  bench/run tenants --model SmolLM2-135M --adapters 1000"})
final class TenantsBench implements Callable<Integer> {
  @Option(names = "--model", description = "Model directory or GGUF file.", required = true)
  private Path model = Path.of("");

  @Option(names = "--adapters", description = "Adapters on disk.")
  private int adapters = 1000;

  @Option(names = "--in-memory", description = "Adapters in memory.")
  private int inMemory = 16;

  @Option(names = "--requests", description = "Requests for random adapters.")
  private int requests = 1000;

  @Option(names = "--rank", description = "Rank of the adapters, on all linear layers.")
  private int rank = 8;

  /** The adapters that the server has in memory, in the order of the requests. */
  private final class Recent extends LinkedHashMap<String, Boolean> {
    private static final long serialVersionUID = 1;

    Recent() {
      super(16, 0.75f, /* accessOrder= */ true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
      return size() > inMemory;
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    Set<Long> stops;
    try (ChatModel chat = ChatModel.open(model)) {
      stops = chat.stopTokens(chat.format(List.of()));
    }
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary)) {
      List<String> names =
          RandomAdapters.write(model, scratch.path(), adapters, rank, Targets.everyLinear());
      List<String> options =
          List.of(
              "--model",
              "base=" + model,
              "--adapters",
              scratch.path().toString(),
              "--max-adapters",
              "" + inMemory);
      try (ServerProcess server = ServerProcess.start(options)) {
        measure(server, names, stops);
      }
    }
    return 0;
  }

  private void measure(ServerProcess server, List<String> names, Set<Long> stops)
      throws IOException, InterruptedException {
    ConcurrentLoad load = new ConcurrentLoad(server.address());
    Recent recent = new Recent();
    SplittableRandom dice = new SplittableRandom(1);
    List<Double> cold = new ArrayList<>();
    List<Double> warm = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      // every second request is for one of the last adapters
      List<String> from = i % 2 == 1 ? List.copyOf(recent.keySet()) : names;
      String name = from.get(dice.nextInt(from.size()));
      boolean isWarm = recent.put(name, true) != null;
      double seconds = load.one(new Request(name, "Once upon a time", 2, stops)).firstToken();
      (isWarm ? warm : cold).add(seconds);
      if (i == requests / 10 || i == requests / 2 || i == requests - 1) {
        System.out.printf(
            Locale.ROOT,
            "after %d requests: %.0f MB of resident memory%n",
            i + 1,
            server.residentMegabytes());
      }
    }
    System.out.printf(
        Locale.ROOT,
        "time to first token, median of %d with a warm adapter: %.0f ms; of %d with a cold one:"
            + " %.0f ms%n",
        warm.size(),
        1e3 * Pairs.median(warm, Double::doubleValue),
        cold.size(),
        1e3 * Pairs.median(cold, Double::doubleValue));
  }
}
