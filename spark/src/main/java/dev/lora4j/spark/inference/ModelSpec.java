package dev.lora4j.spark.inference;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The model that an executor loads: tasks with equal specifications share it.
 *
 * @param base directory, GGUF file or name on the Hub
 * @param adapters directory by name
 * @param threads number of threads that compute, 0 for the executor's cores
 */
record ModelSpec(
    RowTask task, String base, Map<String, String> adapters, int threads, CompletionSpec completion)
    implements Serializable {
  private static final long serialVersionUID = 1;

  ModelSpec {
    adapters = new LinkedHashMap<>(adapters);
  }

  /** Returns the specification with other directories of the adapters. */
  ModelSpec mapAdapters(UnaryOperator<String> directory) {
    Map<String, String> mapped = new LinkedHashMap<>();
    adapters.forEach((name, path) -> mapped.put(name, directory.apply(path)));
    return new ModelSpec(task, base, mapped, threads, completion);
  }

  /**
   * The completions to generate.
   *
   * @param system the system turn of chat models, possibly empty
   * @param temperature 0 for greedy decoding
   * @param batch number of completions that are decoded together
   */
  record CompletionSpec(int maxTokens, String system, double temperature, long seed, int batch)
      implements Serializable {
    private static final long serialVersionUID = 1;
  }
}
