package dev.lora4j.lora;

import dev.lora4j.lora.layer.ActiveDeltas;
import java.util.List;

/** The active adapters of a forward, fixed to its end even if the model changes meanwhile. */
sealed interface ActiveAdapters extends ActiveDeltas
    permits UniformAdapters, PerRowAdapters, RowCountAdapters {

  /** Returns the adapters that are active in any row. */
  List<Adapter> adapters();

  default List<String> names() {
    return adapters().stream().map(Adapter::name).toList();
  }

  /** Keeps the adapters until {@link #release}; returns false if one is already freed. */
  boolean retain();

  /** Ends one {@link #retain}. */
  void release();
}
