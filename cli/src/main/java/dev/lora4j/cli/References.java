package dev.lora4j.cli;

import dev.lora4j.models.hub.Hub;
import dev.lora4j.models.hub.ModelReference;
import java.nio.file.Path;

/** What a user names as a model or an adapter, as a directory on this machine. */
final class References {
  private References() {}

  /** Fetches it first where it is on the Hub only, with a bar. */
  static Path resolve(String given) {
    ModelReference reference = ModelReference.of(given);
    try (HubProgressBar bar = new HubProgressBar()) {
      return reference.resolve(Hub.fromEnvironment(), bar);
    }
  }
}
