package dev.lora4j.spark.inference;

import dev.lora4j.UserError;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.HubListener;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.spark.files.ExecutorFiles;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;

/** A loaded model with its adapters, which the tasks of an executor share. */
interface RowModel extends AutoCloseable {

  /**
   * Computes the outputs of rows, in their order, as values of a Dataset's row.
   *
   * @throws UserError if there is no adapter of a name
   */
  List<Object> outputs(List<TextInput> rows);

  @Override
  void close();

  /**
   * Loads a model.
   *
   * @param configuration of the file systems of adapters
   * @throws UserError if this executor does not find the base or an adapter
   */
  static RowModel open(ModelSpec asked, Configuration configuration) {
    ModelSpec spec =
        asked.mapAdapters(path -> ExecutorFiles.adapter(path, configuration).toString());
    Path base =
        ModelReference.of(ExecutorFiles.found(spec.base()))
            .resolve(Hub.fromEnvironment(), HubListener.SILENT);
    int threads = spec.threads() > 0 ? spec.threads() : cores();
    return switch (spec.task()) {
      case GENERATE -> GeneratingModel.open(spec, base, threads);
      case CLASSIFY -> ClassifyingModel.open(spec, base, threads);
      case EMBED -> EmbeddingModel.open(spec, base, threads);
      case SCORE -> ScoringModel.open(spec, base, threads);
    };
  }

  private static int cores() {
    int all = Runtime.getRuntime().availableProcessors();
    SparkEnv env = SparkEnv.get();
    return env == null ? all : Math.min(all, env.conf().getInt("spark.executor.cores", all));
  }
}
