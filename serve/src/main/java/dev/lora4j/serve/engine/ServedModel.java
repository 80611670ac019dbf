package dev.lora4j.serve.engine;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.format.PeftAdapter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A base model and its adapters by name. Adapters of a folder are loaded at their first request.
 * The number in memory is bounded; the least recently used one is evicted.
 */
public final class ServedModel implements AutoCloseable {
  private static final int MAX_NAMES = 100_000; // of adapters that were loaded by requests

  private final ServedBase network;
  private final AdapterVersion base;
  private final int maxAdapters;
  private final @Nullable Path folder;
  private final Map<String, AdapterVersion> adapters =
      new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true);
  private final Map<String, Path> given = new TreeMap<>(); // loaded by name, also if evicted since
  private final List<Consumer<Object>> onRemoval = new CopyOnWriteArrayList<>();
  private final ExecutorService cleaner =
      Executors.newSingleThreadExecutor(new DaemonThreads("lora4j-unloading"));
  private final AtomicInteger loads = new AtomicInteger();
  private final AtomicInteger evictions = new AtomicInteger();
  private volatile int inMemory;

  /** A loaded or available adapter: its name and its directory. */
  public record AdapterEntry(String name, Path path) {}

  /**
   * @param name the base model's name
   * @param folder directories of adapters that are loaded at their first request; empty for none
   */
  public ServedModel(String name, ChatModel model, int maxAdapters, Optional<Path> folder) {
    this(name, new ServedBase.Generating(model), maxAdapters, folder);
  }

  private ServedModel(String name, ServedBase network, int maxAdapters, Optional<Path> folder) {
    this.network = network;
    this.maxAdapters = maxAdapters;
    this.folder = folder.map(path -> path.toAbsolutePath().normalize()).orElse(null);
    base =
        new AdapterVersion(name, List.of(), network.format(List.of()), network.weights(List.of()));
  }

  /**
   * Loads a causal language model or an encoder.
   *
   * @param storage how the matrices of a causal language model are kept in memory
   */
  public static ServedModel open(
      String name, Path path, WeightStorage storage, int maxAdapters, Optional<Path> folder) {
    ServedBase network = ServedBase.open(path, storage);
    try {
      return new ServedModel(name, network, maxAdapters, folder);
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  ServedBase network() {
    return network;
  }

  /** Returns whether the model generates texts; an encoder does not. */
  public boolean generates() {
    return network instanceof ServedBase.Generating;
  }

  /**
   * Returns the causal language model.
   *
   * @throws UserError if it is an encoder
   */
  ChatModel chat() {
    if (network instanceof ServedBase.Generating generating) {
      return generating.model();
    }
    throw new UserError(name() + " is an encoder, which embeds texts and generates none");
  }

  AdapterVersion base() {
    return base;
  }

  /**
   * Returns a replica of the base model, over the same weights, which can be trained while this one
   * is served; the caller closes it.
   */
  public ChatModel replica() {
    return chat().replica();
  }

  /** The name of the base model. */
  public String name() {
    return base.name();
  }

  /** The largest number of tokens of a prompt and its completion. */
  public int maxPositions() {
    return network.maxPositions();
  }

  public int vocabularySize() {
    return network.vocabularySize();
  }

  /** The stop tokens of completions with an adapter. */
  public Set<Long> stopTokens(AdapterLease lease) {
    return chat().stopTokens(lease.format());
  }

  // ---- requests ----

  /**
   * Leases an adapter, or the base model, for a completion; loads it if necessary.
   *
   * @throws UnknownModel if there is none of that name
   * @throws BrokenAdapter if it can't be loaded
   */
  public synchronized AdapterLease lease(String name) {
    AdapterVersion version = name.equals(base.name()) ? base : adapters.get(name);
    if (version == null) {
      Path directory =
          Optional.ofNullable(given.get(name))
              .or(() -> inFolder(name))
              .orElseThrow(() -> unknown(name));
      version = loadedForRequest(name, directory);
    }
    version.lease();
    return new AdapterLease(version, this::giveBack);
  }

  private AdapterVersion loadedForRequest(String name, Path directory) {
    try {
      return loaded(name, directory);
    } catch (UserError | CorruptFile e) {
      throw new BrokenAdapter(name, directory, e);
    }
  }

  private UnknownModel unknown(String name) {
    return new UnknownModel(name, NearMiss.hint(name, names()));
  }

  /** Returns whether requests can name a model: the base model, or one of its adapters. */
  public synchronized boolean knows(String name) {
    return holds(name) || inFolder(name).isPresent();
  }

  /** Returns whether a name is the base model's, or that of an adapter which has been loaded. */
  synchronized boolean holds(String name) {
    return name.equals(base.name()) || given.containsKey(name) || adapters.containsKey(name);
  }

  /** The names that requests can use: the base model's, then those of its adapters. */
  public List<String> names() {
    return Stream.concat(Stream.of(base.name()), list().stream().map(AdapterEntry::name)).toList();
  }

  /** Needs no lock of the registry, so that a load does not delay the batch. */
  private void giveBack(AdapterVersion version) {
    if (version.giveBack()) {
      free(version);
    }
  }

  // ---- changes ----

  /**
   * Loads an adapter under a name.
   *
   * @param replacing whether it replaces one of that name; completions that run end with the old
   *     one
   * @throws UserError if the name is taken, or the adapter does not fit the base model
   */
  public synchronized void load(String name, Path directory, boolean replacing) {
    if (name.equals(base.name()) || (knows(name) && !replacing)) {
      throw new UserError("the name '" + name + "' is taken");
    }
    if (given.size() >= MAX_NAMES && !given.containsKey(name)) {
      throw new UserError("%,d adapters have names; unload some".formatted(given.size()));
    }
    loaded(name, directory);
    given.put(name, directory);
  }

  /**
   * Makes an adapter available under a name, to be loaded at its first request.
   *
   * @throws UserError if another adapter or the base model has the name
   */
  public synchronized void offer(String name, Path directory) {
    boolean other = !directory.equals(given.getOrDefault(name, directory));
    if (name.equals(base.name()) || other) {
      throw new UserError("the name '" + name + "' is taken");
    }
    given.put(name, directory);
  }

  private AdapterVersion loaded(String name, Path directory) {
    Optional<AdapterVersion> evicted = toEvict(name);
    String inModel = "v" + loads.incrementAndGet();
    network.load(inModel, directory);
    AdapterVersion version = version(name, List.of(inModel));
    evicted.ifPresent(this::evict);
    AdapterVersion old = adapters.put(name, version);
    inMemory = adapters.size();
    if (old != null) {
      retire(old);
    }
    return version;
  }

  private AdapterVersion version(String name, List<String> names) {
    try {
      return new AdapterVersion(name, names, network.format(names), network.weights(names));
    } catch (RuntimeException e) {
      names.forEach(network::unload);
      throw e;
    }
  }

  /** Returns the adapter that has to leave the memory before one of this name can be loaded. */
  private Optional<AdapterVersion> toEvict(String name) {
    if (adapters.containsKey(name) || adapters.size() < maxAdapters) {
      return Optional.empty();
    }
    Optional<AdapterVersion> oldest =
        adapters.values().stream().filter(version -> !version.isLeased()).findFirst();
    if (oldest.isEmpty()) {
      throw QueueFull.ofAdapters(adapters.size());
    }
    return oldest;
  }

  private void evict(AdapterVersion version) {
    evictions.incrementAndGet();
    adapters.remove(version.name());
    retire(version);
  }

  /**
   * Unloads an adapter; completions that run end with it.
   *
   * @throws UnknownModel if none of that name is loaded
   */
  public synchronized void unload(String name) {
    boolean wasGiven = given.remove(name) != null;
    AdapterVersion version = adapters.remove(name);
    inMemory = adapters.size();
    if (version != null) {
      retire(version);
    } else if (!wasGiven) {
      throw unknown(name);
    }
  }

  private void retire(AdapterVersion version) {
    if (version.retire()) {
      free(version);
    }
  }

  /** Frees on a thread of its own: unloading waits for loads, for which the batch must not wait. */
  private void free(AdapterVersion version) {
    onRemoval.forEach(listener -> listener.accept(version));
    cleaner.execute(() -> version.loaded().forEach(network::unload));
  }

  /** Registers a listener for versions that are freed. */
  void onRemoval(Consumer<Object> listener) {
    onRemoval.add(listener);
  }

  // ---- counts, without a lock, so that a load does not delay them ----

  /** Number of adapters in memory. */
  public int inMemory() {
    return inMemory;
  }

  /** Number of adapters that have been loaded, each time counted. */
  public int loads() {
    return loads.get();
  }

  /** Number of adapters that gave way to others. */
  public int evictions() {
    return evictions.get();
  }

  // ---- folder ----

  /** The adapters that requests can name, loaded or in the folder, by name. */
  public synchronized List<AdapterEntry> list() {
    Map<String, Path> all = new TreeMap<>();
    if (folder != null) {
      try (Stream<Path> directories = Files.list(folder)) {
        directories
            .map(path -> path.getFileName().toString())
            .forEach(name -> inFolder(name).ifPresent(path -> all.put(name, path)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    all.putAll(given);
    return all.entrySet().stream()
        .map(entry -> new AdapterEntry(entry.getKey(), entry.getValue()))
        .toList();
  }

  Optional<Path> inFolder(String name) {
    return folder == null ? Optional.empty() : adapterIn(folder, name);
  }

  /** Returns an adapter's directory directly below a folder, links followed. */
  public static Optional<Path> adapterIn(Path folder, String name) {
    if (!name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]*")) {
      return Optional.empty();
    }
    try {
      Path directory = folder.resolve(name).toRealPath();
      return directory.startsWith(folder.toRealPath())
              && Files.isRegularFile(directory.resolve(PeftAdapter.CONFIG))
          ? Optional.of(directory)
          : Optional.empty();
    } catch (IOException e) { // there is none
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    cleaner.shutdown();
    try {
      cleaner.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    network.close();
  }
}
