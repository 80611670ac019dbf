package dev.lora4j.bench;

import static java.util.Objects.requireNonNull;

import dev.lora4j.bench.ConcurrentLoad.Result;
import dev.lora4j.bench.StreamedCompletion.Request;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.lora.config.Targets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Option;

/**
 * Measurements of the server over HTTP, with different numbers of clients and of adapters. The peer
 * is {@code transformers serve} with continuous batching, by the same requests. It runs on the
 * processor from transformers 5.18 on, for directories in Hugging Face's layout, if Python has
 * {@code transformers[serving]}; where it does not run, the peer is a batched {@code generate}.
 */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Measures lora serve over HTTP with 1, 8 and 16 clients and with 0, 1, 8 and 64 adapters,"
            + " checks that every completion equals the one of its request alone, and compares 8"
            + " clients with transformers serve, or where that does not run, with a batch of 8 rows"
            + " of transformers' generate.",
    footer = {"", "Example:", "  bench/run serve --python .venv/bin/python --model SmolLM2-135M"})
final class ServeBench implements Callable<Integer> {
  private static final List<Integer> CLIENTS = List.of(1, 8, 16);
  private static final List<Integer> ADAPTERS = List.of(0, 1, 8, 64);
  private static final int ROWS_OF_PEER = 8;
  private static final String ALL_LINEAR = "all-linear";

  @Option(
      names = "--python",
      showDefaultValue = Help.Visibility.NEVER,
      description = "Python interpreter with transformers; no comparison without it.")
  private Optional<String> python = Optional.empty();

  @Option(names = "--model", description = "Model directory or GGUF file.", required = true)
  private Path model = Path.of("");

  @Option(names = "--rounds", description = "Number of runs of each row; medians count.")
  private int rounds = 3;

  @Option(names = "--tokens", description = "Tokens of each completion.")
  private int tokens = 64;

  @Option(names = "--requests", description = "Requests of each client in a run.")
  private int requests = 2;

  @Option(names = "--rank", description = "Rank of the adapters.")
  private int rank = 8;

  @Option(
      names = "--target-modules",
      split = ",",
      description = "Target modules of the adapters; all-linear for every linear layer.")
  private List<String> targets = List.of(ALL_LINEAR);

  @Option(names = "--dequantize", description = "Serve a quantised model in float32.")
  private boolean dequantize;

  private final Map<Request, String> alone = new HashMap<>();
  private Set<Long> stops = Set.of();

  /** A row of the table. */
  private record Setting(int clients, int adapters) {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    try (ChatModel chat = ChatModel.open(model)) {
      stops = chat.stopTokens(chat.format(List.of()));
    }
    try (ScratchDirectory scratch = ScratchDirectory.beside(temporary)) {
      List<String> names = RandomAdapters.write(model, scratch.path(), 64, rank, adapted());
      try (ServerProcess server = ServerProcess.start(options(scratch.path()))) {
        ConcurrentLoad load = new ConcurrentLoad(server.address());
        load.one(new Request("base", "Hello", 1, stops));
        System.out.printf(Locale.ROOT, "Start to first answer: %.2f s.%n%n", server.seconds());
        Map<Setting, List<Result>> results = measure(load, names);
        print(results);
        System.out.printf(
            "%nEach of %d different completions equals the one of its request alone.%n%n",
            alone.size());
        if (python.isPresent()) {
          compare(python.get(), results);
        }
      }
    }
    return 0;
  }

  private Targets adapted() {
    return targets.equals(List.of(ALL_LINEAR))
        ? Targets.everyLinear()
        : Targets.named(targets.toArray(String[]::new));
  }

  private List<String> options(Path folder) {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--model", "base=" + model, "--adapters", folder.toString()));
    options.addAll(List.of("--max-adapters", "64"));
    if (dequantize) {
      options.add("--dequantize");
    }
    return options;
  }

  private Map<Setting, List<Result>> measure(ConcurrentLoad load, List<String> names)
      throws InterruptedException {
    Map<Setting, List<Result>> results = new LinkedHashMap<>();
    for (int round = -1; round < rounds; round++) { // the first round warms up
      System.err.printf("round %d of %d%n", round + 1, rounds);
      for (int clients : CLIENTS) {
        for (int adapters : ADAPTERS) {
          Result result = load.run(clients, requestsOf(clients, adapters, names));
          check(load, requestsOf(clients, adapters, names), result);
          if (round >= 0) {
            results
                .computeIfAbsent(new Setting(clients, adapters), key -> new ArrayList<>())
                .add(result);
          }
        }
      }
    }
    return results;
  }

  private List<Request> requestsOf(int clients, int adapters, List<String> names) {
    return IntStream.range(0, clients * requests)
        .mapToObj(i -> request(adapters == 0 ? "base" : names.get(i % adapters), i))
        .toList();
  }

  private Request request(String name, int number) {
    String prompt =
        "Question %d: what happened on day %d of the long journey to the north, and who was there? Answer:";
    return new Request(name, prompt.formatted(number, 3 * number + 1), tokens, stops);
  }

  private void check(ConcurrentLoad load, List<Request> sent, Result result)
      throws InterruptedException {
    for (int i = 0; i < sent.size(); i++) {
      Request request = sent.get(i);
      if (!alone.containsKey(request)) {
        alone.put(request, load.one(request).text());
      }
      String expected = alone.get(request);
      String found = result.completions().get(i).text();
      if (!found.equals(expected)) {
        throw new IllegalStateException(
            "%s: among %d requests '%s', alone '%s'"
                .formatted(request, sent.size(), found, expected));
      }
    }
  }

  // ---- report ----

  private void print(Map<Setting, List<Result>> results) {
    System.out.printf(
        "Medians of %d runs with %d completions of %d tokens by each client; adapters of rank %d on %s.%n%n",
        rounds, requests, tokens, rank, String.join(",", targets));
    System.out.println(
        "| clients | adapters | tokens/s | to first token, ms, p50 | p99 | between tokens, ms, p50"
            + " | p99 | ratio to base |");
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- |");
    results.forEach(
        (setting, runs) ->
            System.out.printf(
                Locale.ROOT,
                "| %d | %s | %.1f | %.0f | %.0f | %.1f | %.1f | %.2f |%n",
                setting.clients(),
                setting.adapters() == 0 ? "base" : "" + setting.adapters(),
                Pairs.median(runs, Result::tokensPerSecond),
                1e3 * Pairs.median(runs, run -> run.quantile(c -> List.of(c.firstToken()), 0.5)),
                1e3 * Pairs.median(runs, run -> run.quantile(c -> List.of(c.firstToken()), 0.99)),
                1e3 * Pairs.median(runs, run -> run.quantile(StreamedCompletion::gaps, 0.5)),
                1e3 * Pairs.median(runs, run -> run.quantile(StreamedCompletion::gaps, 0.99)),
                ratio(runs, runs(results, setting.clients(), 0))));
    System.out.printf(
        Locale.ROOT,
        "%n8 clients receive %.1f times the tokens/s of one.%n",
        ratio(runs(results, 8, 0), runs(results, 1, 0)));
  }

  private static List<Result> runs(Map<Setting, List<Result>> results, int clients, int adapters) {
    return requireNonNull(results.get(new Setting(clients, adapters)));
  }

  /** Returns the median over the rounds of the ratio of two runs in the same round. */
  private static double ratio(List<Result> runs, List<Result> others) {
    return Pairs.median(
        IntStream.range(0, runs.size()).boxed().toList(),
        i -> runs.get(i).tokensPerSecond() / others.get(i).tokensPerSecond());
  }

  private void compare(String interpreter, Map<Setting, List<Result>> results)
      throws IOException, InterruptedException {
    double ours = Pairs.median(runs(results, ROWS_OF_PEER, 0), Result::tokensPerSecond);
    Optional<ServerProcess> peer = ServerProcess.ofTransformers(Path.of(interpreter), model);
    double theirs;
    if (peer.isPresent()) {
      try (ServerProcess server = peer.get()) {
        theirs = served(server);
      }
    } else {
      System.err.println("transformers serve does not run here: no directory, or no [serving]");
      theirs = generated(interpreter);
    }
    System.out.printf(
        Locale.ROOT,
        "transformers' %s of %d: %.1f tokens/s; lora serve with %d clients: %.2f times as many.%n",
        peer.isPresent() ? "serve with continuous batching" : "generate with a batch",
        ROWS_OF_PEER,
        theirs,
        ROWS_OF_PEER,
        ours / theirs);
  }

  private double served(ServerProcess server) throws InterruptedException {
    ConcurrentLoad load = new ConcurrentLoad(server.address());
    List<Request> sent =
        IntStream.range(0, ROWS_OF_PEER * requests)
            .mapToObj(i -> request(model.toString(), i))
            .toList();
    List<Result> runs = new ArrayList<>();
    for (int round = -1; round < rounds; round++) { // the first round warms up
      Result result = load.run(ROWS_OF_PEER, sent);
      if (round >= 0) {
        runs.add(result);
      }
    }
    return Pairs.median(runs, Result::tokensPerSecond);
  }

  private double generated(String interpreter) throws IOException, InterruptedException {
    List<String> command =
        List.of(
            interpreter,
            "bench/peers/batch_transformers.py",
            "--model",
            model.toString(),
            "--rows",
            "" + ROWS_OF_PEER,
            "--new",
            "" + tokens,
            "--threads",
            "" + Runtime.getRuntime().availableProcessors());
    return PeerProcess.run(command).number("/tokens_per_s");
  }
}
