package dev.lora4j.spark.bench;

import dev.lora4j.llm.embedding.Embedder;
import dev.lora4j.llm.embedding.EmbeddingOptions;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.task.model.TaskNetworks;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.spark.LocalCluster;
import dev.lora4j.spark.inference.LoraTransformer;
import dev.lora4j.spark.inference.RowTask;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * Embedding rows with an adapter each: in a single process with two threads, and on two executors
 * of one core. Both embed a tenth of the rows before the measured pass.
 *
 * @param directory of the adapters and of the rows
 */
record InferenceRate(Path model, int rows, int adapters, Path directory) {
  private static final double DEVIATION = 0.02;
  private static final int THREADS = 2;
  private static final int WARM_UP = 10;

  /** Writes random adapters on all linear layers. */
  static InferenceRate prepare(Path model, int rows, int adapters, Path directory) {
    InferenceRate rate =
        new InferenceRate(model.toAbsolutePath().normalize(), rows, adapters, directory);
    Engine.seed(1);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        TaskNetwork network =
            TaskNetworks.load(
                ModelFiles.at(model), TextTask.EMBEDDING, 0, WeightStorage.asStored())) {
      LoraModel adapted =
          Lora.adapt(
              network.module(),
              LoraConfig.rank(8)
                  .targets(Targets.everyLinear())
                  .taskType(TextTask.EMBEDDING.peftType()));
      for (int i = 0; i < adapters; i++) {
        for (Parameter parameter : adapted.parameters("default")) {
          parameter.value().normal_(0, DEVIATION, null);
        }
        adapted.save("default", rate.adapter(i));
      }
    }
    return rate;
  }

  private static String text(int i) {
    return "this is text " + i + " of a long list of texts".repeat(1 + i % 7);
  }

  private String name(int row) {
    return "a" + row % adapters;
  }

  private Path adapter(int number) {
    return directory.resolve("a" + number);
  }

  BenchRecord single() {
    try (Embedder embedder = Embedder.open(model, THREADS, WeightStorage.asStored())) {
      IntStream.range(0, adapters).forEach(i -> embedder.load(name(i), adapter(i)));
      List<String> texts = IntStream.range(0, rows).mapToObj(InferenceRate::text).toList();
      List<String> names = IntStream.range(0, rows).mapToObj(this::name).toList();
      return measure(
          0,
          count ->
              embedder.embed(
                  texts.subList(0, count), names.subList(0, count), EmbeddingOptions.standard()));
    }
  }

  private BenchRecord measure(int executors, IntConsumer pass) {
    pass.accept(rows / WARM_UP);
    long start = System.nanoTime();
    pass.accept(rows);
    double seconds = (System.nanoTime() - start) / 1e9;
    return new BenchRecord(BenchRecord.Kind.EMBED, executors, rows, seconds, 0);
  }

  BenchRecord cluster() {
    SparkSession session = LocalCluster.optimised(THREADS);
    try {
      LoraTransformer transformer =
          new LoraTransformer()
              .setTask(RowTask.EMBED)
              .setBase(model.toString())
              .setAdapterCol("adapter");
      IntStream.range(0, adapters)
          .forEach(i -> transformer.setAdapter(name(i), adapter(i).toString()));
      write(session, rows);
      write(session, rows / WARM_UP);
      return measure(
          THREADS,
          count ->
              transformer
                  .transform(session.read().parquet(path(count)))
                  .write()
                  .format("noop")
                  .mode("overwrite")
                  .save());
    } finally {
      session.stop();
    }
  }

  private String path(int count) {
    return directory.resolve("rows" + count).toString();
  }

  private void write(SparkSession session, int count) {
    List<Row> texts =
        IntStream.range(0, count).mapToObj(i -> RowFactory.create(text(i), name(i))).toList();
    session
        .createDataFrame(texts, StructType.fromDDL("text STRING, adapter STRING"))
        .repartition(THREADS)
        .write()
        .parquet(path(count));
  }
}
