package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.llm.encoder.SequenceTokenizer;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.HubListener;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Tensor;

/**
 * Embeds texts with an encoder or a causal language model, as sentence-transformers does, and with
 * any number of adapters. Several threads may call it.
 *
 * <pre>{@code
 * try (Embedder embedder = Embedder.open(Path.of("all-MiniLM-L6-v2"))) {
 *   List<float[]> embeddings = embedder.embed(List.of("a text", "another"));
 *   embedder.load("legal", Path.of("legal-adapter"));
 *   float[] adapted = embedder.embed("a text", EmbeddingOptions.standard().adapters("legal"));
 * }
 * }</pre>
 */
public final class Embedder implements AutoCloseable {
  private final Backbone backbone;
  private final LoraModel model;
  private final EmbeddingConfig config;
  private final TextSettings settings;
  private final Tokenizer tokenizer;
  private final SequenceTokenizer sequences;
  private final BatchRunner runner;
  private final List<String> warnings;

  private Embedder(
      Backbone backbone,
      Optional<EmbeddingConfig> config,
      TextSettings settings,
      Tokenizer tokenizer,
      int threads) {
    this.backbone = backbone;
    this.settings = settings;
    this.tokenizer = tokenizer;
    this.config = config.orElse(new EmbeddingConfig(TokenPooling.MEAN, false));
    warnings =
        config.isPresent()
            ? List.of()
            : List.of("there is no modules.json, so the embedding is the mean of all tokens");
    model = Lora.base(backbone.root());
    sequences = new SequenceTokenizer(tokenizer, settings.maxTokens());
    runner = new BatchRunner(model, threads);
  }

  /**
   * Opens a model by name, with one thread per core.
   *
   * @param model a directory, or {@code org/name[@revision]} on the Hub
   * @throws UserError if there is no such model, or a file is missing or not supported
   */
  public static Embedder open(String model) {
    return open(ModelReference.of(model).resolve(Hub.fromEnvironment(), HubListener.SILENT));
  }

  /** Opens a model with one thread per core; see {@link #open(Path, int, WeightStorage)}. */
  public static Embedder open(Path directory) {
    return open(directory, Runtime.getRuntime().availableProcessors(), WeightStorage.asStored());
  }

  /**
   * Opens a model.
   *
   * @param path a directory of sentence-transformers or an encoder's in Hugging Face's layout,
   *     whose embedding is then the mean of all tokens; or a GGUF file beside a {@code
   *     modules.json}
   * @param threads number of worker threads
   * @param storage how the matrices of a causal language model are kept in memory
   * @throws UserError if a file is missing, or a module or the architecture is not supported
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static Embedder open(Path path, int threads, WeightStorage storage) {
    ModelFiles files = ModelFiles.at(path);
    Optional<ModuleList> modules = ModuleList.in(files);
    Optional<EmbeddingConfig> config = modules.map(list -> list.embedding(files));
    ModelFiles transformer = modules.map(list -> ModelFiles.at(list.transformer())).orElse(files);
    Backbone backbone = Backbone.load(transformer, storage);
    try {
      if (config.isEmpty() && backbone instanceof DecoderBackbone) {
        throw new UserError(
            path
                + " is no embedding model: its directory has no modules.json of"
                + " sentence-transformers, which names the pooling");
      }
      if (config.isPresent()) {
        config.get().check(files, backbone.dimensions());
      }
      TextSettings settings = TextSettings.read(files, transformer, backbone.maxPositions());
      return new Embedder(backbone, config, settings, tokenizer(transformer, backbone), threads);
    } catch (RuntimeException e) {
      backbone.close();
      throw e;
    }
  }

  private static Tokenizer tokenizer(ModelFiles files, Backbone backbone) {
    Tokenizer tokenizer = Tokenizer.load(files);
    try {
      backbone.check(files, tokenizer);
      return tokenizer;
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** Returns whether a directory holds an encoder, rather than a causal language model. */
  public static boolean isEncoder(Path path) {
    return Files.isDirectory(path)
        && Backbone.isEncoder(
            ModuleList.in(ModelFiles.at(path)).map(ModuleList::transformer).orElse(path));
  }

  /** Number of components of an embedding. */
  public int dimensions() {
    return config.dimensions(backbone.dimensions());
  }

  /** The largest number of tokens of a text; longer ones are truncated. */
  public int maxTokens() {
    return settings.maxTokens();
  }

  /** The model's prompts by name, such as {@code query}. */
  public Map<String, String> prompts() {
    return settings.prompts();
  }

  /** Number of texts that were truncated so far. */
  public long truncatedTexts() {
    return sequences.truncated();
  }

  /** Assumptions where the files lack information, as sentences. */
  public List<String> warnings() {
    return warnings;
  }

  /** The tokenizer, which is closed with this object. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Returns an embedder of token ids over the same network, one text at a time, no prompts. */
  public TextEmbedder ofTokens() {
    return new TextEmbedder(backbone, config, maxTokens(), this::cased);
  }

  /** The network and its adapters. */
  public LoraModel model() {
    return model;
  }

  /**
   * Loads an adapter, such as one that PEFT trained for {@code FEATURE_EXTRACTION}.
   *
   * @throws UserError if the name is taken, or the adapter does not fit
   */
  public void load(String name, Path adapter) {
    load(name, adapter, BaseCheck.SAME_BASE);
  }

  /** Loads an adapter with this check of its base. */
  public void load(String name, Path adapter, BaseCheck check) {
    model.load(name, adapter, check);
  }

  // ---- embedding ----

  /** Embeds a text with the standard options: {@code [dimensions]}. */
  public float[] embed(String text) {
    return embed(text, EmbeddingOptions.standard());
  }

  /** Embeds a text: {@code [dimensions]}. */
  public float[] embed(String text, EmbeddingOptions options) {
    return embed(List.of(text), options).get(0);
  }

  /** Embeds texts with the standard options, in their order. */
  public List<float[]> embed(List<String> texts) {
    return embed(texts, EmbeddingOptions.standard());
  }

  /**
   * Embeds texts.
   *
   * @return the embedding of each, in their order
   * @throws UserError if there is no prompt or adapter of a name
   */
  public List<float[]> embed(List<String> texts, EmbeddingOptions options) {
    return embed(texts, options, count -> {});
  }

  /**
   * Embeds texts and reports the progress.
   *
   * @param embedded receives the number of texts of each batch when it is computed, on any thread
   */
  public List<float[]> embed(List<String> texts, EmbeddingOptions options, IntConsumer embedded) {
    return embeddings(
        runner.run(
            encode(texts, options),
            options.adapters(),
            batch -> {
              Tensor pooled = pooled(batch);
              embedded.accept(batch.size());
              return pooled;
            }),
        options);
  }

  private Tensor pooled(List<TokenSequence> batch) {
    return backbone.pooled(batch, config.pooling()); // [B, H]
  }

  /**
   * Embeds texts, each with its own adapter. An encoder computes texts of different adapters in one
   * batch.
   *
   * @param adapters the name of each text's adapter, {@link LoraModel#BASE} for none
   * @param options with no adapters
   * @return the embedding of each, in their order
   * @throws UserError if there is no adapter of a name
   */
  public List<float[]> embed(List<String> texts, List<String> adapters, EmbeddingOptions options) {
    if (texts.size() != adapters.size()) {
      throw new UserError(
          "expected an adapter for each of %d texts, found %d"
              .formatted(texts.size(), adapters.size()));
    }
    List<TokenSequence> encoded = encode(texts, options);
    float[][] rows =
        backbone.mixes(model, adapters)
            ? runner.runMixed(
                encoded,
                adapters,
                (batch, names) -> backbone.pooled(batch, config.pooling(), model, names))
            : runner.runApart(encoded, adapters, this::pooled);
    return embeddings(rows, options);
  }

  private List<TokenSequence> encode(List<String> texts, EmbeddingOptions options) {
    String prompt =
        options
            .prompt()
            .or(() -> options.promptName().map(settings::prompt))
            .orElseGet(settings::standardPrompt);
    return runner.encode(texts.size(), i -> sequences.encode(cased(prompt + texts.get(i))));
  }

  private String cased(String text) {
    return settings.lowerCase() ? text.toLowerCase(Locale.ROOT) : text;
  }

  private List<float[]> embeddings(float[][] rows, EmbeddingOptions options) {
    int dimensions = dimensions(options);
    return Arrays.stream(rows).map(row -> config.embedding(row, dimensions)).toList();
  }

  private int dimensions(EmbeddingOptions options) {
    int count = options.dimensions().orElse(dimensions());
    if (count < 1 || count > dimensions()) {
      throw new UserError(
          "dimensions must be 1 to %d, the size of the model's embeddings, found %d"
              .formatted(dimensions(), count));
    }
    return count;
  }

  /** Frees the model, its adapters and the tokenizer, and ends the threads. */
  @Override
  public void close() {
    runner.close();
    tokenizer.close();
    backbone.close();
  }
}
