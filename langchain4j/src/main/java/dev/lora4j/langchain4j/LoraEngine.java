package dev.lora4j.langchain4j;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.HubListener;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.serve.engine.ConstraintCache;
import dev.lora4j.serve.engine.DaemonThreads;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.engine.ServingLimits;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * A base model and its adapters in this process. Chat models of any number of threads share it, and
 * their requests are computed in one batch, each with its own adapter.
 *
 * <pre>{@code
 * try (LoraEngine engine =
 *     LoraEngine.builder().model("HuggingFaceTB/SmolLM2-135M-Instruct").adapter("bard", path).build()) {
 *   ChatModel bard = LoraChatModel.builder().engine(engine).modelName("bard").build();
 *   System.out.println(bard.chat("Who are you?"));
 * }
 * }</pre>
 */
public final class LoraEngine implements AutoCloseable {
  private final InferenceEngine engine;
  private final ConstraintCache constraints = new ConstraintCache();
  private final ExecutorService handlers =
      Executors.newCachedThreadPool(new DaemonThreads("lora4j-streaming"));

  private LoraEngine(InferenceEngine engine) {
    this.engine = engine;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** The names that requests can use: the base model's, then those of its adapters. */
  public List<String> modelNames() {
    return engine.model().names();
  }

  /**
   * Replaces an adapter, or loads it under a new name; completions in progress finish with the old
   * version.
   *
   * @throws UserError if the adapter does not fit the base model
   */
  public void load(String name, Path directory) {
    engine.model().load(name, directory, /* replacing= */ true);
  }

  InferenceEngine inference() {
    return engine;
  }

  ConstraintCache constraints() {
    return constraints;
  }

  /** Runs the handler of a stream, which may block, on a thread of its own. */
  void handle(Runnable work) {
    handlers.execute(work);
  }

  /** Ends all completions with an error, and frees the model. */
  @Override
  public void close() {
    engine.close();
    handlers.shutdown();
  }

  /** The settings of an engine. */
  public static final class Builder {
    private @Nullable String model;
    private Optional<String> name = Optional.empty();
    private final Map<String, Path> adapters = new LinkedHashMap<>();
    private Optional<Path> folder = Optional.empty();
    private ServingLimits limits = ServingLimits.defaults();

    private Builder() {}

    /** Base model: a directory in Hugging Face's layout, a GGUF file, or a name on the Hub. */
    public Builder model(String model) {
      this.model = model;
      return this;
    }

    /** Directory of the base model, in Hugging Face's layout, or a GGUF file. */
    public Builder model(Path path) {
      return model(path.toString());
    }

    /** Name of the base model in requests; that of its file or on the Hub by default. */
    public Builder baseName(String name) {
      this.name = Optional.of(name);
      return this;
    }

    /** Loads an adapter under a name. */
    public Builder adapter(String name, Path directory) {
      adapters.put(name, directory);
      return this;
    }

    /**
     * A folder whose adapters are loaded at their first request, by the name of their directory.
     */
    public Builder adapters(Path folder) {
      this.folder = Optional.of(folder);
      return this;
    }

    /** Limits of the batch, the queue, the adapters in memory, the KV cache and the threads. */
    public Builder limits(ServingLimits limits) {
      this.limits = limits;
      return this;
    }

    /**
     * Loads the model and its adapters.
     *
     * @throws UserError if the model or an adapter does not load
     */
    public LoraEngine build() {
      String base = requireNonNull(model, "model");
      String called = name.orElseGet(() -> Path.of(base).getFileName().toString());
      ServedModel served =
          ServedModel.open(
              called,
              ModelReference.of(base).resolve(Hub.fromEnvironment(), HubListener.SILENT),
              WeightStorage.asStored(),
              limits.maxAdapters(),
              folder);
      try {
        adapters.forEach((key, directory) -> served.load(key, directory, /* replacing= */ false));
        return new LoraEngine(InferenceEngine.start(served, limits));
      } catch (RuntimeException e) {
        served.close();
        throw e;
      }
    }
  }
}
