package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.Targets;
import dev.lora4j.models.Llama;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.training.Batching;
import dev.lora4j.models.training.CausalLmObjective;
import dev.lora4j.models.training.FineTuning;
import dev.lora4j.models.training.Pace;
import dev.lora4j.models.training.TuningRequest;
import dev.lora4j.models.training.TuningSettings;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Linear;
import dev.lora4j.train.TrainingCallback;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains an adapter of a model with random weights on random tokens, and tells the speed. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = {
      "Trains an adapter of all linear layers on random tokens, all of which carry loss. Every step"
          + " but the first counts.",
      ""
    },
    footer = {"", "Example:", "  lora bench train --batch 4 --tokens 256 --steps 5 --json"})
final class BenchTrainCommand implements Callable<Integer> {
  @Mixin private ModelShape shape = new ModelShape();

  @Option(names = "--rank", paramLabel = "N", description = "The adapter's rank.")
  private int rank = 8;

  @Option(names = "--batch", paramLabel = "N", description = "Rows in a batch.")
  private int batch = 4;

  @Option(names = "--tokens", paramLabel = "N", description = "Tokens in a row.")
  private int tokens = 256;

  @Option(names = "--steps", paramLabel = "N", description = "Steps, at least 2.")
  private int steps = 5;

  @Option(names = "--workers", paramLabel = "N", description = "Threads that share a step.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--checkpointing",
      description = "Keep only the layers' inputs, and compute the rest again.")
  private boolean checkpointing;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private long flopPerToken;

  @Override
  public Integer call() {
    ModelShape.requirePositive("--batch", batch);
    ModelShape.requirePositive("--tokens", tokens);
    if (steps < 2) {
      throw new UserError("--steps must be at least 2: the first one does not count");
    }
    Path place = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    try (ScratchDirectory scratch = ScratchDirectory.beside(place)) {
      print(rates(scratch.path().resolve("run")));
    }
    return 0;
  }

  /**
   * Forward, and backward to the inputs, of all frozen matrices, which need no gradient themselves:
   * 4 operations by parameter.
   */
  private static long flopPerToken(Llama network) {
    return 4
        * network.namedModules().values().stream()
            .filter(Linear.class::isInstance)
            .mapToLong(layer -> ((Linear) layer).weight().numel())
            .sum();
  }

  private List<Double> rates(Path directory) {
    Engine.start();
    Engine.seed(0);
    List<Double> rates = new ArrayList<>();
    try (Llama network = new Llama(shape.config(Math.max(2048, tokens)))) {
      flopPerToken = flopPerToken(network);
      FineTuning.run(
          TuningRequest.of(
                  Lora.adapt(
                      network,
                      LoraConfig.rank(rank).alpha(2 * rank).targets(Targets.everyLinear())),
                  new CausalLmObjective(examples(), List.of()),
                  directory,
                  settings())
              .workers(workers),
          new TrainingCallback() {
            @Override
            public void onStep(Step step) {
              rates.add(step.tokens() / (step.duration().toNanos() / 1e9));
            }
          });
    }
    return rates;
  }

  private TuningSettings settings() {
    Batching batching = Batching.of(batch).maxTokens(tokens);
    return TuningSettings.of(1e-4)
        .steps(steps)
        .batching(checkpointing ? batching.recomputing() : batching)
        .pace(Pace.every(steps));
  }

  private List<Example> examples() {
    Random random = new Random(0);
    boolean[] loss = new boolean[tokens];
    Arrays.fill(loss, true);
    return Stream.generate(
            () -> Example.of(random.ints(tokens, 0, shape.vocabulary()).toArray(), loss))
        .limit(batch)
        .toList();
  }

  private void print(List<Double> rates) {
    List<Double> counted = rates.subList(1, rates.size()).stream().sorted().toList();
    double median = counted.get(counted.size() / 2);
    if (json) {
      JsonLine.print(
          System.out,
          root -> {
            root.put("tokens_per_s", median);
            root.put("flop_per_token", flopPerToken);
            ProcessMemory.peakMegabytes().ifPresent(mb -> root.put("peak_rss_mb", mb));
            rates.forEach(root.putArray("all")::add);
          });
      return;
    }
    System.out.printf(
        "%.1f tokens/s (median of the %d steps after the first)%n", median, counted.size());
    ProcessMemory.peakMegabytes()
        .ifPresent(mb -> System.out.printf("%d MB of memory at most%n", mb));
  }
}
