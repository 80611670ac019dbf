package dev.lora4j.serve.engine;

import java.util.Optional;

/**
 * A name that requests can use.
 *
 * @param base the base model; empty for an adapter in the folder of a server with several base
 *     models that no request has used yet
 */
public record ListedModel(String name, Optional<ServedModel> base) {

  /** The base model's name; empty for a base model, and where it is not known yet. */
  public Optional<String> parent() {
    return base.map(ServedModel::name).filter(parent -> !parent.equals(name));
  }
}
