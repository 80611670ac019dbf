package dev.lora4j.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.io.DType;
import dev.lora4j.io.ScratchDirectory;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.CausalLmObjective;
import dev.lora4j.llm.train.LanguageModelTrainer;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.train.TrainingJob;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.Schedule;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Our side of {@link QuantizedTraining}: trains on the same batch at each step, and prints speed,
 * memory and losses as JSON.
 */
@Command(name = "quantized-training-own", hidden = true)
final class QuantizedTrainingRun implements Callable<Integer> {
  static final String AS_STORED = "stored";
  static final String FLOAT32 = "float32";

  @Option(names = "--model", required = true)
  private Path model = Path.of("");

  /** As stored, float32, or a quantisation such as {@code nf4}. */
  @Option(names = "--weights")
  private String weights = AS_STORED;

  @Option(names = "--batch-size")
  private int batch = 4;

  @Option(names = "--seq-length")
  private int tokens = 256;

  @Option(names = "--steps")
  private int steps = 5;

  @Option(names = "--workers")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--gradient-checkpointing")
  private boolean checkpointing;

  @Option(names = "--adapter", description = "PEFT directory of the initial adapter.")
  private @Nullable Path adapter;

  @Option(names = "--tokens", description = "JSON array of the batch's token ids.")
  private @Nullable Path tokenFile;

  @Override
  public Integer call() throws IOException {
    Engine.seed(0);
    ObjectNode report = new ObjectMapper().createObjectNode();
    Path directory = Path.of(System.getProperty("java.io.tmpdir"), "lora-bench");
    try (ScratchDirectory scratch = ScratchDirectory.beside(directory);
        Pretrained base = Pretrained.load(model, storage())) {
      report.put("weights_mb", weightBytes(base.model()) >> 20);
      train(base.model(), scratch.path().resolve("run"), report);
    }
    ProcessStats.peakMegabytes().ifPresent(mb -> report.put("peak_rss_mb", mb));
    System.out.println(report);
    return 0;
  }

  private WeightStorage storage() {
    return switch (weights) {
      case AS_STORED -> WeightStorage.asStored();
      case FLOAT32 -> WeightStorage.dense(DType.F32);
      default -> WeightStorage.quantized(Quantization.of(QuantType.of("--weights", weights)));
    };
  }

  private static long weightBytes(LanguageModel network) {
    return network.namedParameters().values().stream()
        .mapToLong(parameter -> parameter.value().nbytes())
        .sum();
  }

  private void train(LanguageModel network, Path run, ObjectNode report) throws IOException {
    List<Double> rates = new ArrayList<>();
    List<Double> cpuRates = new ArrayList<>();
    List<Double> losses = new ArrayList<>();
    LanguageModelTrainer.run(
        TrainingJob.of(
                adapted(network),
                new CausalLmObjective(examples(network.vocabularySize()), List.of()),
                run,
                arguments())
            .workers(workers),
        new TrainingCallback() {
          private long before = cpuNanos();

          @Override
          public void onStep(Step step) {
            long now = cpuNanos();
            cpuRates.add(step.tokens() / ((now - before) / 1e9));
            before = now;
            rates.add(step.tokens() / (step.duration().toNanos() / 1e9));
            losses.add(step.loss());
          }
        });
    report.put("tokens_per_s", Pairs.median(withoutFirst(rates), Double::doubleValue));
    report.put("tokens_per_cpu_s", Pairs.median(withoutFirst(cpuRates), Double::doubleValue));
    losses.forEach(report.putArray("losses")::add);
  }

  /** Leaves out the first step, which warms up, unless there is no other. */
  private static List<Double> withoutFirst(List<Double> steps) {
    return steps.subList(Math.min(1, steps.size() - 1), steps.size());
  }

  /** Returns the CPU time of all threads, which other processes disturb less than the clock. */
  private static long cpuNanos() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .orElseThrow(() -> new IllegalStateException("the system reports no CPU time"))
        .toNanos();
  }

  private LoraModel adapted(LanguageModel network) {
    if (adapter == null) {
      LoraConfig config = LoraConfig.rank(8).alpha(16).targets(Targets.everyLinear());
      return Lora.adapt(network, config);
    }
    LoraModel adapted = Lora.base(network);
    adapted.load(LoraLayer.DEFAULT, adapter);
    adapted.activate(LoraLayer.DEFAULT);
    return adapted;
  }

  private TrainingArguments arguments() {
    BatchConfig batching = BatchConfig.of(batch).maxSeqLength(tokens);
    return TrainingArguments.of(1e-4)
        .steps(steps)
        .schedule(Schedule.constant())
        .maxGradNorm(Double.POSITIVE_INFINITY)
        .batching(checkpointing ? batching.gradientCheckpointing() : batching)
        .pace(EvalAndSavePolicy.every(steps));
  }

  /** Every token but the first is a loss token. */
  private List<Example> examples(int vocabulary) throws IOException {
    boolean[] loss = new boolean[tokens];
    Arrays.fill(loss, true);
    if (tokenFile != null) {
      int[][] rows = new ObjectMapper().readValue(tokenFile.toFile(), int[][].class);
      return Arrays.stream(rows).map(ids -> Example.of(ids, loss)).toList();
    }
    Random random = new Random(0);
    return Stream.generate(() -> Example.of(random.ints(tokens, 0, vocabulary).toArray(), loss))
        .limit(batch)
        .toList();
  }
}
