package dev.lora4j.serve.engine;

import dev.lora4j.UserError;
import dev.lora4j.lora.format.PeftAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * The choice of a base model for each adapter: the first that it fits, beginning with those that
 * its config names. An adapter with a fingerprint fits only the base that it was trained on; one
 * without, such as PEFT's, fits every base with the same layers.
 */
final class AdapterPlacement {
  private final List<InferenceEngine> engines;
  private final Map<String, Place> places = new ConcurrentHashMap<>(); // of the folder's adapters

  /** The base of an adapter whose config had this time. */
  private record Place(InferenceEngine engine, FileTime modified) {}

  AdapterPlacement(List<InferenceEngine> engines) {
    this.engines = engines;
  }

  /** Returns the base of an adapter in the folder, if a request has used it before. */
  Optional<InferenceEngine> known(String name) {
    return engines.size() == 1
        ? Optional.of(engines.get(0))
        : Optional.ofNullable(places.get(name)).map(Place::engine);
  }

  /** Returns the base of an adapter in the folder. */
  InferenceEngine of(String name, Path directory) {
    if (engines.size() == 1) {
      return engines.get(0);
    }
    FileTime modified = modified(directory);
    Place known = places.get(name);
    if (known != null && known.modified().equals(modified)) {
      return known.engine();
    }
    InferenceEngine engine = firstFit(name, directory, base -> base.lease(name).close());
    places.put(name, new Place(engine, modified));
    return engine;
  }

  private static FileTime modified(Path directory) {
    try {
      return Files.getLastModifiedTime(directory.resolve(PeftAdapter.CONFIG));
    } catch (IOException e) { // it has gone since
      return FileTime.fromMillis(0);
    }
  }

  /** Loads an adapter into the first base that it fits. */
  InferenceEngine load(String name, Path directory, boolean replacing) {
    return firstFit(name, directory, base -> base.load(name, directory, replacing));
  }

  private InferenceEngine firstFit(String name, Path directory, Consumer<ServedModel> attempt) {
    List<RuntimeException> refusals = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    for (InferenceEngine engine : candidates(directory)) {
      try {
        attempt.accept(engine.model());
        return engine;
      } catch (UserError | BrokenAdapter e) {
        refusals.add(e);
        reasons.add("for " + engine.model().name() + ": " + e.getMessage());
      }
    }
    throw refusals.size() == 1
        ? refusals.get(0)
        : new UserError(
            "adapter '%s' fits none of the base models:\n%s"
                .formatted(name, String.join("\n", reasons)));
  }

  private List<InferenceEngine> candidates(Path directory) {
    if (engines.size() == 1) {
      return engines;
    }
    return NamedBase.first(engines, engine -> engine.model().name(), directory);
  }
}
