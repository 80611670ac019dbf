package dev.lora4j.lora;

import java.util.List;

/**
 * Which adapters take part in a forward: decided when it begins, and the same to its end whatever
 * happens to the model meanwhile.
 */
sealed interface AdapterChoice permits SameForAllRows, AdapterPerRow {

  /** The adapters that take part anywhere. */
  List<Adapter> present();

  /** Their names. */
  default List<String> names() {
    return present().stream().map(Adapter::name).toList();
  }

  /** Keeps what it chose from being freed until {@link #release}; false if it is too late. */
  boolean retain();

  /** Ends one {@link #retain}. */
  void release();
}
