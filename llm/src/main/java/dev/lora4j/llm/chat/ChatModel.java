package dev.lora4j.llm.chat;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.embedding.EmbeddingConfig;
import dev.lora4j.llm.embedding.TextEmbedder;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.HubListener;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A chat model: a language model with its tokenizer, its chat template and named adapters. Several
 * threads may generate at once, each in a session of its own, while adapters are loaded and
 * activated; a completion keeps the adapters with which it begins.
 */
public final class ChatModel implements AutoCloseable {
  private final ModelFiles files;
  private final Optional<Path> chatTemplate;
  private final Pretrained base;
  private final LoraModel adapted;
  private final ChatFormat baseFormat;
  private final Map<String, ChatFormat> formats = new ConcurrentHashMap<>();
  private final List<Tokenizer> tokenizers = new ArrayList<>(); // the adapters' own

  private ChatModel(
      ModelFiles files, Pretrained base, Tokenizer tokenizer, Optional<Path> chatTemplate) {
    this.files = files;
    this.chatTemplate = chatTemplate;
    this.base = base;
    adapted = Lora.base(base.model());
    baseFormat = new ChatFormat(tokenizer, ChatTemplate.load(files, tokenizer.special()));
  }

  /**
   * Loads a model and its tokenizer by name.
   *
   * @param model a directory, a GGUF file, or {@code org/name[@revision]} on the Hub
   * @throws UserError if there is no such model, or a file is missing or not supported
   */
  public static ChatModel open(String model) {
    return open(ModelReference.of(model).resolve(Hub.fromEnvironment(), HubListener.SILENT));
  }

  /**
   * Loads a model and its tokenizer from a directory in Hugging Face's layout, or from a GGUF file.
   *
   * @throws UserError if a file is missing or not supported
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static ChatModel open(Path directory) {
    return open(directory, WeightStorage.asStored());
  }

  /** Loads a model like {@link #open(Path)}, with its matrices kept in this way. */
  public static ChatModel open(Path directory, WeightStorage storage) {
    return open(ModelFiles.at(directory), Optional.empty(), storage);
  }

  /**
   * Loads a model like {@link #open(Path)}, with the chat template of a file instead of its own and
   * those of its adapters.
   */
  public static ChatModel open(Path directory, Path chatTemplate) {
    return open(directory, chatTemplate, WeightStorage.asStored());
  }

  /** Loads a model with the chat template of a file, and its matrices kept in this way. */
  public static ChatModel open(Path directory, Path chatTemplate, WeightStorage storage) {
    return open(ModelFiles.at(directory), Optional.of(chatTemplate), storage);
  }

  private static ChatModel open(
      ModelFiles model, Optional<Path> chatTemplate, WeightStorage storage) {
    ModelFiles files = chatTemplate.map(model::withChatTemplate).orElse(model);
    PendingTokenizer tokenizer = PendingTokenizer.of(files);
    Optional<Pretrained> base = Optional.empty();
    try {
      base = Optional.of(Pretrained.load(files, storage));
      return new ChatModel(files, base.get(), tokenizer.get(), chatTemplate);
    } catch (RuntimeException e) {
      base.ifPresent(Pretrained::close);
      tokenizer.close();
      throw e;
    }
  }

  /**
   * Returns a replica over the same weight tensors, with adapters, training mode and a tokenizer of
   * its own: it can be trained and evaluated while this one generates. Each is closed on its own.
   */
  public ChatModel replica() {
    Tokenizer tokenizer = Tokenizer.load(files);
    try {
      return new ChatModel(files, base.replica(), tokenizer, chatTemplate);
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /**
   * Loads an adapter without activating it. A tokenizer and a chat template in its directory take
   * precedence over the base's while it is active.
   *
   * @return a sentence for each file that takes precedence
   * @throws UserError if the name is taken, or the adapter does not fit
   */
  public synchronized List<String> load(String name, Path adapter, BaseCheck check) {
    if (formats.containsKey(name)) {
      throw new UserError("an adapter '" + name + "' is already loaded");
    }
    ModelFiles in = ModelFiles.in(adapter);
    AdapterTokenizerFiles own =
        new AdapterTokenizerFiles(files, chatTemplate.map(in::withChatTemplate).orElse(in));
    Tokenizer tokenizer = own.hasTokenizer() ? Tokenizer.load(adapter) : baseFormat.tokenizer();
    try {
      ChatFormat format =
          own.hasTokenizer() || own.hasTemplate()
              ? new ChatFormat(tokenizer, own.template(tokenizer))
              : baseFormat;
      adapted.load(name, adapter, check);
      adapted.layOutForDecoding(name);
      formats.put(name, format);
    } catch (RuntimeException e) {
      if (own.hasTokenizer()) {
        tokenizer.close();
      }
      throw e;
    }
    if (own.hasTokenizer()) {
      tokenizers.add(tokenizer);
    }
    return notes(name, own);
  }

  private static List<String> notes(String name, AdapterTokenizerFiles files) {
    List<String> notes = new ArrayList<>();
    if (files.hasTokenizer()) {
      notes.add("adapter " + name + " brings its own tokenizer, which is used while it is active");
    }
    if (files.hasTemplate()) {
      notes.add(
          "adapter " + name + " brings its own chat template, which is used while it is active");
    }
    return notes;
  }

  /** Removes an adapter; it is freed as soon as no forward pass uses it. */
  public synchronized void unload(String name) {
    adapted.remove(name);
    ChatFormat format = formats.remove(name);
    if (format != null && tokenizers.remove(format.tokenizer())) {
      format.tokenizer().close();
    }
  }

  /** Activates adapters for the calling thread until the scope closes; none for the base. */
  public AdapterScope using(List<String> names) {
    return names.isEmpty() ? adapted.disabled() : adapted.using(names.toArray(String[]::new));
  }

  /** Returns warnings about the model's files. */
  public List<String> warnings() {
    return files.warnings();
  }

  public List<String> adapterNames() {
    return List.copyOf(adapted.adapterNames());
  }

  public List<String> active() {
    return adapted.active();
  }

  /**
   * Activates adapters; none for the base model.
   *
   * @throws UserError if there is no adapter of that name
   */
  public void activate(List<String> names) {
    for (String name : names) {
      if (!formats.containsKey(name)) {
        throw new UserError("no adapter '" + name + "'" + NearMiss.hint(name, formats.keySet()));
      }
    }
    adapted.activate(names.toArray(String[]::new));
  }

  /** The tokenizer and chat template of the last active adapter, else those of the base. */
  public ChatFormat format() {
    return format(active());
  }

  /** The tokenizer and chat template of the last of these adapters, else those of the base. */
  public ChatFormat format(List<String> names) {
    return names.isEmpty()
        ? baseFormat
        : Optional.ofNullable(formats.get(names.get(names.size() - 1))).orElse(baseFormat);
  }

  /** The directory or GGUF file of the base model. */
  public Path path() {
    return files.path();
  }

  /** The base model, which is closed with this object. */
  public Pretrained base() {
    return base;
  }

  public LanguageModel network() {
    return base.model();
  }

  /**
   * Returns the embedder of an embedding model; empty for other models.
   *
   * @throws UserError if the model's pooling is not supported
   */
  public Optional<TextEmbedder> embedder() {
    return EmbeddingConfig.in(files).map(config -> new TextEmbedder(network(), config));
  }

  /** The stop tokens of the active adapters' tokenizer and those of the model's config. */
  public Set<Long> stopTokens() {
    return stopTokens(format());
  }

  /** The stop tokens of a format's tokenizer and those of the model's config. */
  public Set<Long> stopTokens(ChatFormat format) {
    Set<Long> stops = new HashSet<>(base.endTokens());
    format.tokenizer().special().stops().forEach(id -> stops.add((long) id));
    return stops;
  }

  /** Generates the completion of a prompt, in a session of a generator of the network. */
  public Completion write(
      GenerationSession session, int[] prompt, GenerationOptions options, TextListener listener) {
    return write(session, prompt, options, listener, 0);
  }

  Completion write(
      GenerationSession session,
      int[] prompt,
      GenerationOptions options,
      TextListener listener,
      int forgotten) {
    try (AdapterScope kept = adapted.usingActive()) {
      return new TextGenerator(format().tokenizer(), stopTokens(), options, listener)
          .write(session, prompt, forgotten);
    }
  }

  /** Frees the model and the tokenizers. */
  @Override
  public synchronized void close() {
    tokenizers.forEach(Tokenizer::close);
    baseFormat.tokenizer().close();
    base.close();
  }
}
