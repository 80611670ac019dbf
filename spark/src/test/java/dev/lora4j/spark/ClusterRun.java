package dev.lora4j.spark;

import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.TrainingCallback;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.bytedeco.javacpp.PointerScope;

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
    return session.createDataFrame(rows, StructType.fromDDL("prompt STRING, completion STRING"));
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

  ClusterRun steps(long count) {
    return new ClusterRun(directory, model, count);
  }

  Path path(String name) {
    return directory.resolve(name);
  }

  String output(String name) {
    return path(name).toString();
  }

  // ---- on this machine ----

  /** Trains on this machine, on the rows of a cluster's run. */
  void alone(String name, String cluster, int workers) {
    onRows(cluster, workers).run(path(name));
  }

  /** Trains on this machine up to a step. */
  void aloneUntil(long last, String name, String cluster, int workers) {
    long[] now = new long[1];
    try (FineTuneRun opened = onRows(cluster, workers).open(path(name))) {
      opened.train(
          new TrainingCallback() {
            @Override
            public void onStep(Step step) {
              now[0] = step.number();
            }

            @Override
            public boolean wantsToStop() {
              return now[0] == last;
            }
          });
    }
  }

  /** Resumes a cluster's run on this machine. */
  void resumeAlone(String name, int workers) {
    onRows(name, workers).resume().run(path(name));
  }

  private FineTuneRecipe onRows(String cluster, int workers) {
    return recipe(model.toString(), steps)
        .data(path(cluster).resolve("data.jsonl"))
        .workers(workers);
  }

  // ---- results ----

  byte[] adapter(String name) {
    return read(name, "adapter_model.safetensors");
  }

  byte[] read(String name, String file) {
    try {
      return Files.readAllBytes(path(name).resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The greatest difference between the numbers of two adapters. */
  double greatestDifference(String one, String other) {
    double greatest = 0;
    try (PointerScope scope = new PointerScope();
        SafetensorsFile a = SafetensorsFile.open(path(one).resolve("adapter_model.safetensors"));
        SafetensorsFile b =
            SafetensorsFile.open(path(other).resolve("adapter_model.safetensors"))) {
      for (String name : a.names()) {
        greatest = Math.max(greatest, a.read(name).sub(b.read(name)).abs().max().item_float());
      }
    }
    return greatest;
  }

  /** The metrics without times. */
  List<String> losses(String name) {
    return new String(read(name, "metrics.jsonl"), StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.replaceAll(",\"seconds.*", ""))
        .toList();
  }
}
