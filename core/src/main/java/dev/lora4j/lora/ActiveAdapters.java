package dev.lora4j.lora;

import dev.lora4j.lora.layer.ActiveDeltas;
import java.util.List;

/**
 * The adapters that are active in a forward: chosen when it begins, and the same until it ends,
 * whatever happens to the model meanwhile.
 */
sealed interface ActiveAdapters extends ActiveDeltas permits UniformAdapters, PerRowAdapters {

  /** The adapters that are active in any row. */
  List<Adapter> adapters();

  /** Their names. */
  default List<String> names() {
    return adapters().stream().map(Adapter::name).toList();
  }

  /** Keeps the adapters from being freed until {@link #release}; false if one already is. */
  boolean retain();

  /** Ends one {@link #retain}. */
  void release();
}
