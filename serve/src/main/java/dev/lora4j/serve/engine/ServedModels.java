package dev.lora4j.serve.engine;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The base models of a server, each with the adapters that fit it. Requests name a base model or an
 * adapter.
 */
public final class ServedModels implements AutoCloseable {
  private final List<InferenceEngine> engines;
  private final AdapterPlacement placement;

  /**
   * @param engines of base models with different names; the first is the default of requests that
   *     name no model
   */
  public ServedModels(List<InferenceEngine> engines) {
    this.engines = List.copyOf(engines);
    placement = new AdapterPlacement(this.engines);
  }

  /** Returns the engine of the first base model. */
  public InferenceEngine first() {
    return engines.get(0);
  }

  public List<InferenceEngine> all() {
    return engines;
  }

  /**
   * Returns the engine that answers requests for a model. With several base models, the first
   * request for an adapter of the folder loads it to determine the base that it fits.
   *
   * @param name of a base model or an adapter
   * @throws UnknownModel if there is none of that name
   * @throws BrokenAdapter if the adapter can't be read, or fits none of the base models
   */
  public InferenceEngine of(String name) {
    return holding(name).or(() -> inFolder(name)).orElseThrow(() -> unknown(name));
  }

  private Optional<InferenceEngine> inFolder(String name) {
    Optional<Path> directory = first().model().inFolder(name);
    try {
      return directory.map(path -> placement.of(name, path));
    } catch (UserError | CorruptFile e) {
      throw new BrokenAdapter(name, directory.orElseThrow(), e);
    }
  }

  private Optional<InferenceEngine> holding(String name) {
    return engines.stream().filter(engine -> engine.model().holds(name)).findFirst();
  }

  private UnknownModel unknown(String name) {
    return new UnknownModel(
        name, NearMiss.hint(name, list().stream().map(ListedModel::name).toList()));
  }

  /** The names that requests can use: each base model with its adapters, then the others. */
  public List<ListedModel> list() {
    List<ListedModel> models = new ArrayList<>();
    Set<String> unplaced = new TreeSet<>();
    for (InferenceEngine engine : engines) {
      for (String name : engine.model().names()) {
        if (isOf(engine, name)) {
          models.add(new ListedModel(name, Optional.of(engine.model())));
        } else {
          unplaced.add(name);
        }
      }
    }
    models.forEach(model -> unplaced.remove(model.name()));
    return Stream.concat(
            models.stream(), unplaced.stream().map(name -> new ListedModel(name, Optional.empty())))
        .toList();
  }

  private boolean isOf(InferenceEngine engine, String name) {
    return holding(name).or(() -> placement.known(name)).filter(engine::equals).isPresent();
  }

  // ---- adapters ----

  /**
   * Loads an adapter into the base model that it fits.
   *
   * @param replacing whether it replaces one of that name; completions that run end with the old
   *     one
   * @throws UserError if the name is taken, or the adapter fits none of the base models
   */
  public synchronized void load(String name, Path directory, boolean replacing) {
    requireFree(name, replacing);
    Optional<InferenceEngine> before = holding(name);
    InferenceEngine now = placement.load(name, directory, replacing);
    before.filter(engine -> !engine.equals(now)).ifPresent(other -> other.model().unload(name));
  }

  /**
   * Loads an adapter for a request; see {@link #load}.
   *
   * @throws BrokenAdapter if it can't be read, or fits none of the base models
   */
  public void loadForRequest(String name, Path directory, boolean replacing) {
    try {
      load(name, directory, replacing);
    } catch (UserError | CorruptFile e) {
      throw new BrokenAdapter(name, directory, e);
    }
  }

  /**
   * Refuses a name that an adapter can't be loaded under.
   *
   * @throws UserError if a base model has it, or another adapter that is not to be replaced
   */
  public void requireFree(String name, boolean replacing) {
    if (isBase(name)) {
      throw new UserError(name + " is a base model");
    }
    if (!replacing && (first().model().knows(name) || isHeld(name))) {
      throw new UserError("%s is served already; load_inplace: true replaces it".formatted(name));
    }
  }

  private boolean isBase(String name) {
    return engines.stream().anyMatch(engine -> engine.model().name().equals(name));
  }

  private boolean isHeld(String name) {
    return holding(name).isPresent();
  }

  /**
   * Unloads an adapter; completions that run end with it.
   *
   * @throws UserError if it is a base model
   * @throws UnknownModel if none of that name is loaded
   */
  public synchronized void unload(String name) {
    if (isBase(name)) {
      throw new UserError(name + " is a base model; only adapters can be unloaded");
    }
    holding(name).orElseThrow(() -> unknown(name)).model().unload(name);
  }

  @Override
  public void close() {
    engines.forEach(InferenceEngine::close);
  }
}
