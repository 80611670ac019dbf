package dev.lora4j.serve.engine;

import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.decode.BatchDecoder.Adapted;
import java.util.List;
import java.util.Optional;

/**
 * An adapter as it was loaded: a replaced adapter is another version, and the old one stays until
 * its last completion has ended. The base model is a version without an adapter.
 */
final class AdapterVersion {
  private final String name;
  private final List<String> loaded;
  private final ChatFormat format;
  private final Optional<Adapted> weights;
  private int leases;
  private boolean retired;

  /**
   * @param name the name that requests use
   * @param loaded the model's name of the adapter; empty for the base model
   */
  AdapterVersion(String name, List<String> loaded, ChatFormat format, Optional<Adapted> weights) {
    this.name = name;
    this.loaded = loaded;
    this.format = format;
    this.weights = weights;
  }

  String name() {
    return name;
  }

  List<String> loaded() {
    return loaded;
  }

  ChatFormat format() {
    return format;
  }

  /** The weights for batched decoding; empty if the adapter's method can't be batched. */
  Optional<Adapted> weights() {
    return weights;
  }

  // ---- leases ----

  synchronized void lease() {
    leases++;
  }

  /** Returns whether the version can be freed. */
  synchronized boolean giveBack() {
    leases--;
    return isFree();
  }

  /** Takes no more requests; returns whether the version can be freed. */
  synchronized boolean retire() {
    retired = true;
    return isFree();
  }

  synchronized boolean isLeased() {
    return leases > 0;
  }

  private boolean isFree() {
    return retired && leases == 0;
  }
}
