package dev.lora4j.spark.bench;

import dev.lora4j.llm.embedding.Embedder;
import dev.lora4j.llm.embedding.EmbeddingOptions;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.spark.LocalCluster;
import dev.lora4j.spark.inference.LoraTransformer;
import dev.lora4j.spark.inference.RowTask;
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
 * Rows a second that are embedded with twenty adapters, each row with its own: in a single process
 * with two threads, and on two executors of one core.
 */
record InferenceRate(int rows, double single, double cluster) {
  private static final Path BASE = Path.of("..", "llm/src/test/resources/fixtures/embedding/bert");
  private static final int ADAPTERS = 20;

  static InferenceRate measure(int rows, Path directory) {
    return new InferenceRate(rows, single(rows), cluster(rows, directory));
  }

  private static String text(int i) {
    return "this is text " + i + " of a long list of texts".repeat(1 + i % 7);
  }

  private static Path adapter(int number) {
    return BASE.resolve(number % 2 == 0 ? "adapter" : "adapter2");
  }

  private static double single(int count) {
    try (Embedder embedder = Embedder.open(BASE, 2, WeightStorage.asStored())) {
      IntStream.range(0, ADAPTERS).forEach(i -> embedder.load("a" + i, adapter(i)));
      List<String> texts = IntStream.range(0, count).mapToObj(InferenceRate::text).toList();
      List<String> adapters = IntStream.range(0, count).mapToObj(i -> "a" + i % ADAPTERS).toList();
      embedder.embed(texts.subList(0, count / 2), adapters.subList(0, count / 2), options());
      long start = System.nanoTime();
      embedder.embed(texts, adapters, options());
      return count / ((System.nanoTime() - start) / 1e9);
    }
  }

  private static EmbeddingOptions options() {
    return EmbeddingOptions.standard();
  }

  private static double cluster(int count, Path directory) {
    SparkSession session = LocalCluster.processes(2);
    try {
      LoraTransformer transformer =
          new LoraTransformer()
              .setTask(RowTask.EMBED)
              .setBase(BASE.toAbsolutePath().normalize().toString())
              .setAdapterCol("adapter");
      IntStream.range(0, ADAPTERS)
          .forEach(i -> transformer.setAdapter("a" + i, adapter(i).toAbsolutePath().toString()));
      List<Row> rows = new ArrayList<>();
      IntStream.range(0, count)
          .forEach(i -> rows.add(RowFactory.create(text(i), "a" + i % ADAPTERS)));
      Dataset<Row> input =
          session.createDataFrame(rows, StructType.fromDDL("text STRING, adapter STRING"));
      String path = directory.resolve("rows").toString();
      input.repartition(2).write().parquet(path);
      Dataset<Row> output = transformer.transform(session.read().parquet(path));
      output.write().format("noop").mode("overwrite").save(); // loads the model
      long start = System.nanoTime();
      output.write().format("noop").mode("overwrite").save();
      return count / ((System.nanoTime() - start) / 1e9);
    } finally {
      session.stop();
    }
  }

  void print() {
    System.out.printf(
        "Inference, measured, %,d rows with %d adapters: single process %,.0f rows/s, two executors"
            + " %,.0f (%.2f)%n",
        rows, ADAPTERS, single, cluster, cluster / single);
  }
}
