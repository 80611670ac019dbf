package dev.lora4j.cli.options;

import dev.lora4j.cli.progress.DownloadProgress;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.ModelReference;
import java.nio.file.Path;

/** Resolves the models and adapters that a user names to local directories. */
public final class References {
  private References() {}

  /** Downloads from the Hub if there is no local copy, with a progress bar. */
  public static Path resolve(String given) {
    return resolve(ModelReference.of(given));
  }

  /** The same for a plan: of a model on the Hub, the config alone is downloaded. */
  public static Path resolveConfig(String given) {
    try (DownloadProgress bar = new DownloadProgress()) {
      return ModelReference.of(given).resolveConfig(Hub.fromEnvironment(), bar);
    }
  }

  /** The same for an adapter. */
  static Path resolveAdapter(String given) {
    return resolve(ModelReference.ofAdapter(given));
  }

  private static Path resolve(ModelReference reference) {
    try (DownloadProgress bar = new DownloadProgress()) {
      return reference.resolve(Hub.fromEnvironment(), bar);
    }
  }
}
