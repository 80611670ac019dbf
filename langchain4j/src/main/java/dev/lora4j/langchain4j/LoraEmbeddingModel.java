package dev.lora4j.langchain4j;

import static java.util.Objects.requireNonNull;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.TokenUsage;
import dev.lora4j.UserError;
import dev.lora4j.llm.embedding.TextEmbedder;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.EmbeddingEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A LangChain4j embedding model in this process, for base models of sentence-transformers. The
 * {@code modelName} of a request is an adapter, or the base model. It can be used by any number of
 * threads.
 */
public final class LoraEmbeddingModel implements EmbeddingModel {
  private final LoraEngine engine;
  private final TextEmbedder embedder;
  private final String modelName;
  private final int dimensions;
  private final List<EmbeddingModelListener> listeners;

  private LoraEmbeddingModel(Builder builder) {
    engine = requireNonNull(builder.engine, "engine");
    embedder = engine.inference().embeddings().embedder();
    modelName = builder.modelName.orElseGet(() -> engine.inference().model().name());
    dimensions = builder.dimensions.orElse(embedder.dimensions());
    listeners = builder.listeners;
    requireDimensions(dimensions);
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * Embeds texts, in their order.
   *
   * @throws LangChain4jException if the request is invalid, the engine's queue is full, or the
   *     thread is interrupted, which stops the computation
   */
  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    String model = Optional.ofNullable(request.modelName()).orElse(modelName);
    try (AdapterLease lease = engine.inference().model().lease(model)) {
      int wanted = Optional.ofNullable(request.dimensions()).orElse(dimensions);
      requireDimensions(wanted);
      List<int[]> texts = tokens(request.inputs(), lease.format().tokenizer());
      List<float[]> embeddings = embed(new EmbeddingEngine.Request(lease, texts, wanted));
      return EmbeddingResponse.builder()
          .embeddings(embeddings.stream().map(Embedding::from).toList())
          .modelName(model)
          .tokenUsage(new TokenUsage(texts.stream().mapToInt(text -> text.length).sum()))
          .build();
    } catch (RuntimeException e) {
      throw EngineFailure.of(e);
    }
  }

  private void requireDimensions(int wanted) {
    if (wanted < 1 || wanted > embedder.dimensions()) {
      throw new UserError(
          "dimensions: expected 1 to %d, found %d".formatted(embedder.dimensions(), wanted));
    }
  }

  private List<int[]> tokens(List<EmbeddingInput> inputs, Tokenizer tokenizer) {
    List<int[]> texts = new ArrayList<>();
    for (EmbeddingInput input : inputs) {
      int[] text = tokenizer.encode(embedder.prepared(input.text()));
      if (text.length == 0 || text.length > embedder.maxTokens()) {
        throw new UserError(
            "inputs[%d]: this model embeds texts of 1 to %d tokens; this one has %d"
                .formatted(texts.size(), embedder.maxTokens(), text.length));
      }
      texts.add(text);
    }
    return texts;
  }

  private List<float[]> embed(EmbeddingEngine.Request request) {
    CompletableFuture<List<float[]>> embeddings =
        engine.inference().embeddings().submit(embedder, request);
    try {
      return embeddings.get();
    } catch (ExecutionException e) {
      throw EngineFailure.of(Optional.ofNullable(e.getCause()).orElse(e));
    } catch (InterruptedException e) {
      embeddings.cancel(false);
      Thread.currentThread().interrupt();
      throw new LangChain4jException("interrupted while waiting for the embeddings", e);
    }
  }

  @Override
  public EmbeddingRequestParameters defaultRequestParameters() {
    return EmbeddingRequestParameters.builder().modelName(modelName).dimensions(dimensions).build();
  }

  @Override
  public Set<EmbeddingParameter<?>> supportedParameters() {
    return Set.of(EmbeddingRequestParameters.MODEL_NAME, EmbeddingRequestParameters.DIMENSIONS);
  }

  @Override
  public int dimension() {
    return dimensions;
  }

  @Override
  public String modelName() {
    return modelName;
  }

  @Override
  public List<EmbeddingModelListener> listeners() {
    return listeners;
  }

  /** The settings of an embedding model. */
  public static final class Builder {
    private @Nullable LoraEngine engine;
    private Optional<String> modelName = Optional.empty();
    private Optional<Integer> dimensions = Optional.empty();
    private List<EmbeddingModelListener> listeners = List.of();

    private Builder() {}

    /** The engine that computes the embeddings. */
    public Builder engine(LoraEngine engine) {
      this.engine = engine;
      return this;
    }

    /** The adapter of requests that name none; the base model by default. */
    public Builder modelName(String name) {
      modelName = Optional.of(name);
      return this;
    }

    /**
     * Number of components of embeddings, for models that were trained to allow fewer; all by
     * default.
     */
    public Builder dimensions(int dimensions) {
      this.dimensions = Optional.of(dimensions);
      return this;
    }

    /** Listeners that are told of requests, answers and errors. */
    public Builder listeners(List<EmbeddingModelListener> listeners) {
      this.listeners = List.copyOf(listeners);
      return this;
    }

    /**
     * @throws UserError if the base model is no embedding model, or has fewer dimensions
     */
    public LoraEmbeddingModel build() {
      return new LoraEmbeddingModel(this);
    }
  }
}
