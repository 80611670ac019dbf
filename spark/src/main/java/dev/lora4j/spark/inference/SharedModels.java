package dev.lora4j.spark.inference;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * The models of this process. A model stays loaded for the next task; loading another one closes
 * those that no task uses.
 */
final class SharedModels {
  private static final Map<ModelSpec, Shared> LOADED = new LinkedHashMap<>(); // guarded by it

  private SharedModels() {}

  /** A model and the number of its users. */
  private static final class Shared {
    final RowModel model;
    int users;

    Shared(RowModel model) {
      this.model = model;
    }
  }

  /** The use of a model by a task. */
  static final class Lease implements AutoCloseable {
    private final Shared shared;
    private boolean closed;

    private Lease(Shared shared) {
      this.shared = shared;
    }

    RowModel model() {
      return shared.model;
    }

    @Override
    public void close() {
      synchronized (LOADED) {
        if (!closed) {
          closed = true;
          shared.users--;
        }
      }
    }
  }

  /**
   * Loads a model unless it is loaded; tasks that need it at the same time wait.
   *
   * @param configuration of the file systems of adapters
   */
  static Lease lease(ModelSpec spec, Configuration configuration) {
    synchronized (LOADED) {
      Shared shared = LOADED.get(spec);
      if (shared == null) {
        closeUnused();
        shared = new Shared(RowModel.open(spec, configuration));
        LOADED.put(spec, shared);
      }
      shared.users++;
      return new Lease(shared);
    }
  }

  /** Closes the models that no task uses. */
  static void closeUnused() {
    synchronized (LOADED) {
      LOADED
          .values()
          .removeIf(
              shared -> {
                if (shared.users > 0) {
                  return false;
                }
                shared.model.close();
                return true;
              });
    }
  }
}
