package dev.lora4j.spark.bench;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.spark.ClusterResult;
import dev.lora4j.spark.ClusterSettings;
import dev.lora4j.spark.LocalCluster;
import dev.lora4j.spark.LoraSpark;
import dev.lora4j.spark.RecipeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Measures training on one and on two executors of one core each, and batch inference against a
 * single process, and computes the scaling to more executors.
 *
 * <pre>bench/run spark [MODEL_DIRECTORY [STEPS [ROWS]]]</pre>
 *
 * <p>Without a model, a tiny random one is used, which shows the overhead.
 */
public final class SparkBench {
  private static final int BATCH = 8;
  private static final int LENGTH = 256;
  private static final String SENTENCE = "The executors of a cluster share the steps of a run. ";

  private SparkBench() {}

  public static void main(String... arguments) throws IOException {
    Engine.start();
    Path directory = Files.createTempDirectory("lora4j-spark-bench");
    String model =
        arguments.length > 0
            ? arguments[0]
            : SavedTextModel.chatty(directory.resolve("model")).toString();
    int steps = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20;
    int rows = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1000;
    int length = arguments.length > 0 ? LENGTH : LENGTH / 2;
    ClusterResult one = train(1, model, steps, length, directory);
    ClusterResult two = train(2, model, steps, length, directory);
    System.out.printf(
        "Training, measured: one executor %,.0f tokens/s, two %,.0f (%.2f times)%n",
        one.tokensPerSecond(),
        two.tokensPerSecond(),
        two.tokensPerSecond() / one.tokensPerSecond());
    PredictedScaling.of(one, two).print();
    InferenceRate.measure(rows, directory).print();
  }

  private static ClusterResult train(
      int executors, String model, long steps, int length, Path directory) {
    SparkSession session = LocalCluster.processes(executors);
    try {
      RecipeFactory recipe = () -> recipe(model, steps, length);
      return LoraSpark.fineTune(
          rows(session),
          recipe,
          ClusterSettings.to(directory.resolve("run" + executors).toString())
              .executors(executors)
              .workers(1));
    } finally {
      session.stop();
    }
  }

  private static FineTuneRecipe recipe(String model, long steps, int length) {
    return FineTuneRecipe.of(model)
        .rank(8)
        .validFraction(0)
        .settings(
            TrainingArguments.of(1e-4)
                .batching(BatchConfig.of(BATCH).maxSeqLength(length))
                .steps(steps));
  }

  /** Texts of equal length with different beginnings. */
  private static Dataset<Row> rows(SparkSession session) {
    List<Row> rows =
        IntStream.range(0, 64)
            .mapToObj(i -> RowFactory.create((char) ('A' + i % 26) + " " + i + SENTENCE.repeat(40)))
            .toList();
    return session.createDataFrame(rows, StructType.fromDDL("text STRING"));
  }
}
