package dev.lora4j.cli;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.cli.options.ModelShape;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.model.llama.Llama;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.llm.plan.BaseStore;
import dev.lora4j.llm.plan.ModelOutline;
import dev.lora4j.llm.plan.TrainingSetup;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.CausalLmObjective;
import dev.lora4j.llm.train.LanguageModelTrainer;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.train.TrainingJob;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.EvalAndSavePolicy;
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

/** Measures the training speed of an adapter for a model with random weights. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    header = {"Measure training speed.", ""},
    description = {
      "",
      "Trains an adapter of all linear layers on random tokens, all of them loss tokens.",
      ""
    },
    footer = {
      "",
      "Example:",
      "  lora bench train --batch-size 4 --seq-length 256 --steps 5 --json"
    })
final class BenchTrainCommand implements Callable<Integer> {
  @Mixin private ModelShape shape = new ModelShape();

  @Option(names = "--batch-size", paramLabel = "N", description = "Batch size" + DEFAULT)
  @Range(from = 1, to = 4096)
  private int batch = 4;

  @Option(
      names = "--seq-length",
      paramLabel = "N",
      description = "Sequence length in tokens" + DEFAULT)
  @Range(from = 1, to = 65_536)
  private int tokens = 256;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Number of steps; the first is not measured" + DEFAULT)
  @Range(from = 2, to = Range.MILLION)
  private int steps = 5;

  @Option(
      names = "--gradient-checkpointing",
      description = "Recompute activations in the backward pass.")
  private boolean checkpointing;

  @Mixin private OutputFormat output = new OutputFormat();

  private long flopPerToken;

  @Override
  public Integer call() {
    Path directory = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    try (ScratchDirectory scratch = ScratchDirectory.beside(directory)) {
      print(rates(scratch.path().resolve("run")));
    }
    return 0;
  }

  /**
   * Floating-point operations per token: forward, and backward to the inputs, of all frozen
   * matrices, which need no gradient themselves; 4 per parameter.
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
      LanguageModelTrainer.run(
          TrainingJob.of(
                  shape.adapt(network),
                  new CausalLmObjective(examples(), List.of()),
                  directory,
                  settings())
              .workers(shape.workers()),
          new TrainingCallback() {
            @Override
            public void onStep(Step step) {
              rates.add(step.tokens() / (step.duration().toNanos() / 1e9));
            }
          });
    }
    return rates;
  }

  private TrainingArguments settings() {
    return TrainingArguments.of(1e-4)
        .steps(steps)
        .batching(batching())
        .pace(EvalAndSavePolicy.every(steps));
  }

  private BatchConfig batching() {
    BatchConfig plain = BatchConfig.of(batch).maxSeqLength(tokens);
    return checkpointing ? plain.gradientCheckpointing() : plain;
  }

  /** Returns the memory that {@code lora plan} computes for this run, in MB of 2²⁰ bytes. */
  private long plannedMegabytes() {
    TransformerConfig config = shape.config(Math.max(2048, tokens));
    try (ModelOutline model = ModelOutline.of(Init.withoutValues(() -> new Llama(config)))) {
      TrainingSetup setup =
          new TrainingSetup(
              model.base(BaseStore.FLOAT32), shape.adapter(), batching(), shape.workers());
      return model.training(setup).total() >> 20;
    }
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
    output.show(
        root -> {
          root.put("tokens_per_s", median);
          root.put("flop_per_token", flopPerToken);
          ProcessStats.peakMegabytes().ifPresent(mb -> root.put("peak_rss_mb", mb));
          root.put("planned_mb", plannedMegabytes());
          rates.forEach(root.putArray("all")::add);
        },
        out -> {
          out.printf("%.1f tokens/s (median of %d steps)%n", median, counted.size());
          ProcessStats.peakMegabytes().ifPresent(mb -> out.printf("Peak memory: %d MB%n", mb));
          out.printf("Memory by lora plan: %d MB%n", plannedMegabytes());
        });
  }
}
