package dev.lora4j.serve.engine;

import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.decode.BatchDecoder.Adapted;
import dev.lora4j.llm.embedding.Embedder;
import dev.lora4j.llm.embedding.TextEmbedder;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The network of a served model with its adapters: a causal language model or an encoder. */
sealed interface ServedBase extends AutoCloseable {

  /** Returns the tokenizer and the chat template that go with adapters, none for the base. */
  ChatFormat format(List<String> adapters);

  /** Returns the weights for batched decoding, if there is a batched decoder for them. */
  Optional<Adapted> weights(List<String> adapters);

  /** Returns the embedder of an embedding model. */
  Optional<TextEmbedder> embedder();

  /** Activates adapters for the calling thread until the scope closes; none for the base. */
  AdapterScope using(List<String> adapters);

  void load(String adapter, Path directory);

  void unload(String adapter);

  int maxPositions();

  int vocabularySize();

  @Override
  void close();

  /** Loads the model of a directory or a GGUF file. */
  static ServedBase open(Path path, WeightStorage storage) {
    return Embedder.isEncoder(path)
        ? new Encoding(Embedder.open(path, 1, storage))
        : new Generating(ChatModel.open(path, storage));
  }

  /** A causal language model. */
  record Generating(ChatModel model) implements ServedBase {
    @Override
    public ChatFormat format(List<String> adapters) {
      return model.format(adapters);
    }

    @Override
    public Optional<Adapted> weights(List<String> adapters) {
      try (AdapterScope active = model.using(adapters)) {
        return Adapted.of(model.network());
      }
    }

    @Override
    public Optional<TextEmbedder> embedder() {
      return model.embedder();
    }

    @Override
    public AdapterScope using(List<String> adapters) {
      return model.using(adapters);
    }

    @Override
    public void load(String adapter, Path directory) {
      model.load(adapter, directory, BaseCheck.SAME_BASE);
    }

    @Override
    public void unload(String adapter) {
      model.unload(adapter);
    }

    /** All tokens share one KV cache, so LongRoPE's frequencies of longer texts are not used. */
    @Override
    public int maxPositions() {
      int positions = model.network().maxPositions();
      return (int) Math.min(positions, model.network().config().cacheLimit().orElse(positions));
    }

    @Override
    public int vocabularySize() {
      return model.network().vocabularySize();
    }

    @Override
    public void close() {
      model.close();
    }
  }

  /** An encoder, which embeds texts and generates none. */
  record Encoding(Embedder embedding) implements ServedBase {
    @Override
    public ChatFormat format(List<String> adapters) {
      return new ChatFormat(embedding.tokenizer(), Optional.empty());
    }

    @Override
    public Optional<Adapted> weights(List<String> adapters) {
      return Optional.empty();
    }

    @Override
    public Optional<TextEmbedder> embedder() {
      return Optional.of(embedding.ofTokens());
    }

    @Override
    public AdapterScope using(List<String> adapters) {
      return embedding.model().using(adapters.toArray(String[]::new));
    }

    @Override
    public void load(String adapter, Path directory) {
      embedding.load(adapter, directory);
    }

    @Override
    public void unload(String adapter) {
      embedding.model().remove(adapter);
    }

    @Override
    public int maxPositions() {
      return embedding.maxTokens();
    }

    @Override
    public int vocabularySize() {
      return embedding.tokenizer().vocabularySize();
    }

    @Override
    public void close() {
      embedding.close();
    }
  }
}
