package dev.lora4j.spark.bench;

import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.spark.bench.BenchRecord.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures training on one and on two executors of one core each, and batch inference against a
 * single process, and computes the scaling to more executors.
 *
 * <p>Each measurement is a run of its own, so that runs can take turns: {@code train --executors
 * 1}, {@code train --executors 2}, {@code embed --single} and {@code embed}. Each adds a line to
 * {@code target/spark-bench.jsonl}, and {@code report} prints medians and the computed table.
 */
@Command(
    name = "bench/run spark",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    subcommands = {SparkBench.Train.class, SparkBench.Embed.class, SparkBench.Report.class})
public final class SparkBench {
  static final Path RECORDS = Path.of("target", "spark-bench.jsonl");

  private SparkBench() {}

  /** Runs the command line. */
  public static void main(String... arguments) {
    System.exit(new CommandLine(new SparkBench()).execute(arguments));
  }

  @Command(
      name = "train",
      mixinStandardHelpOptions = true,
      showDefaultValues = true,
      description = "Trains an adapter of rank 8 on executors of one core each.")
  static final class Train implements Callable<Integer> {
    @Option(names = "--model", description = "Model directory or GGUF file.", required = true)
    private String model = "";

    @Option(names = "--executors", description = "Number of executors.")
    private int executors = 1;

    @Option(
        names = "--steps",
        description = "Number of steps; the median of their second half counts.")
    private int steps = 8;

    @Option(names = "--batch", description = "Texts per step, of all executors.")
    private int batch = 8;

    @Option(names = "--length", description = "Tokens per text.")
    private int length = 128;

    @Option(
        names = "--beside",
        description =
            "Another such run is started at the same time: together they show what the machine"
                + " can do.")
    private boolean beside;

    @Override
    public Integer call() throws IOException {
      Engine.start();
      Path directory = Files.createTempDirectory("lora4j-spark-bench");
      TrainingRate rate = new TrainingRate(model, steps, batch, length);
      Kind kind = beside ? Kind.BESIDE : Kind.TRAIN;
      BenchRecord.add(RECORDS, rate.measure(kind, executors, directory));
      return 0;
    }
  }

  @Command(
      name = "embed",
      mixinStandardHelpOptions = true,
      showDefaultValues = true,
      description =
          "Embeds texts with a column of adapters, on two executors of one core each or in a single"
              + " process with two threads.")
  static final class Embed implements Callable<Integer> {
    @Option(names = "--model", description = "Directory of the encoder.", required = true)
    private Path model = Path.of("");

    @Option(names = "--rows", description = "Number of rows.")
    private int rows = 10_000;

    @Option(names = "--adapters", description = "Number of adapters, which take turns.")
    private int adapters = 20;

    @Option(names = "--single", description = "Embed in a single process, without Spark.")
    private boolean single;

    @Override
    public Integer call() throws IOException {
      Engine.start();
      Path directory = Files.createTempDirectory("lora4j-spark-bench");
      InferenceRate rate = InferenceRate.prepare(model, rows, adapters, directory);
      BenchRecord.add(RECORDS, single ? rate.single() : rate.cluster());
      return 0;
    }
  }

  @Command(
      name = "report",
      mixinStandardHelpOptions = true,
      description = "Prints the medians of all runs, and the computed scaling.")
  static final class Report implements Callable<Integer> {
    @Override
    public Integer call() throws IOException {
      List<BenchRecord> records = BenchRecord.read(RECORDS);
      BenchRecord one = BenchRecord.median(records, Kind.TRAIN, 1);
      BenchRecord two = BenchRecord.median(records, Kind.TRAIN, 2);
      System.out.printf(
          "Training, measured: one executor %,.1f tokens/s, two %,.1f (%.2f times)%n",
          one.rate(), two.rate(), two.rate() / one.rate());
      double limit = 2 * BenchRecord.median(records, Kind.BESIDE, 1).rate();
      System.out.printf(
          "The machine's limit, two runs at the same time that share nothing: %,.1f (%.2f times)%n",
          limit, limit / one.rate());
      PredictedScaling.of(one, two).print();
      BenchRecord single = BenchRecord.median(records, Kind.EMBED, 0);
      BenchRecord cluster = BenchRecord.median(records, Kind.EMBED, 2);
      System.out.printf(
          "Inference, measured: single process %,.1f rows/s, two executors %,.1f (%.2f)%n",
          single.rate(), cluster.rate(), cluster.rate() / single.rate());
      return 0;
    }
  }
}
