package dev.lora4j.spark;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.train.EvalAndSavePolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** A small run, on a cluster and on one machine. */
record ClusterRun(Path directory, Path model, long steps) {
  private static final int ROWS = 24;

  static ClusterRun in(Path directory, long steps) {
    return new ClusterRun(directory, SavedTextModel.chatty(directory.resolve("model")), steps);
  }

  /** The rows, in two partitions. */
  static Dataset<Row> rows(SparkSession session) {
    List<Row> rows =
        IntStream.range(0, ROWS)
            .mapToObj(i -> RowFactory.create("How many is " + i + " and one?", answer(i)))
            .toList();
    return session.createDataFrame(
        rows, StructType.fromDDL("prompt STRING, completion STRING"));
  }

  private static String answer(int i) {
    return (char) ('a' + i) + " good answer" + " indeed".repeat(i % 5);
  }

  RecipeFactory recipe() {
    String base = model.toString();
    long count = steps;
    return () -> recipe(base, count);
  }

  static FineTuneRecipe recipe(String base, long steps) {
    return FineTuneRecipe.of(base)
        .rank(4)
        .seed(3)
        .validFraction(0.2)
        .settings(
            TrainingArguments.of(5e-3)
                .batching(BatchConfig.of(4).maxSeqLength(64))
                .steps(steps)
                .pace(EvalAndSavePolicy.every(4)));
  }

  String output(String name) {
    return directory.resolve(name).toString();
  }

  /** Trains on this machine, on the rows of a cluster's run. */
  Path alone(String name, String cluster, int workers) {
    Path out = directory.resolve(name);
    recipe(model.toString(), steps)
        .data(directory.resolve(cluster).resolve("data.jsonl"))
        .workers(workers)
        .run(out);
    return out;
  }

  byte[] adapter(String name) {
    return read(name, "adapter_model.safetensors");
  }

  byte[] read(String name, String file) {
    try {
      return Files.readAllBytes(directory.resolve(name).resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
