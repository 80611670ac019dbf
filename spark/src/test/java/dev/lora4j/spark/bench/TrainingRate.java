package dev.lora4j.spark.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.spark.ClusterResult;
import dev.lora4j.spark.ClusterSettings;
import dev.lora4j.spark.LocalCluster;
import dev.lora4j.spark.LoraSpark;
import dev.lora4j.spark.RecipeFactory;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Training on executors of one core each.
 *
 * @param batch texts of a step, of all executors
 * @param length tokens of a text
 */
record TrainingRate(String model, long steps, int batch, int length) implements Serializable {
  private static final long serialVersionUID = 1;
  private static final String SENTENCE = "The executors of a cluster share the steps of a run. ";

  BenchRecord measure(BenchRecord.Kind kind, int executors, Path directory) {
    SparkSession session = LocalCluster.optimised(executors);
    try {
      RecipeFactory recipe = this::recipe;
      ClusterResult result =
          LoraSpark.fineTune(
              rows(session),
              recipe,
              ClusterSettings.to(directory.resolve("run").toString())
                  .executors(executors)
                  .workers(1));
      return new BenchRecord(
          kind,
          executors,
          (double) result.tokens() / result.steps(),
          medianOfSecondHalf(directory.resolve("run/metrics.jsonl")),
          result.exchangeSeconds());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      session.stop();
    }
  }

  /** Returns the median time of a step once the executors are warm, in seconds. */
  private static double medianOfSecondHalf(Path metrics) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<Double> seconds = new ArrayList<>();
    for (String line : Files.readAllLines(metrics)) {
      JsonNode step = json.readTree(line);
      if (step.has("tokens_per_s")) {
        seconds.add(step.path("seconds").asDouble());
      }
    }
    List<Double> later =
        seconds.subList(seconds.size() / 2, seconds.size()).stream().sorted().toList();
    return later.get(later.size() / 2);
  }

  private FineTuneRecipe recipe() {
    return FineTuneRecipe.of(model)
        .rank(8)
        .validFraction(0)
        .settings(
            TrainingArguments.of(1e-4)
                .batching(BatchConfig.of(batch).maxSeqLength(length))
                .steps(steps));
  }

  /** Texts of equal length with different beginnings. */
  private Dataset<Row> rows(SparkSession session) {
    List<Row> rows =
        IntStream.range(0, 64)
            .mapToObj(
                i ->
                    RowFactory.create(
                        (char) ('A' + i % 26) + " " + i + SENTENCE.repeat(1 + length / 8)))
            .toList();
    return session.createDataFrame(rows, StructType.fromDDL("text STRING"));
  }
}
