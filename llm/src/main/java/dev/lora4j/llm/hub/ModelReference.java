package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import dev.lora4j.io.Unreadable;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** The value of {@code --model} or {@code --adapter}: a local path, or a name on the Hub. */
public sealed interface ModelReference {

  /** A local directory or file. */
  record Local(Path path) implements ModelReference {}

  /** A repository on the Hub. */
  record OnHub(RepoId repo) implements ModelReference {}

  /**
   * Parses a model's value. An existing path takes precedence; otherwise {@code org/name} or {@code
   * org/name@revision} is a name on the Hub.
   *
   * @throws UserError when it is neither
   */
  static ModelReference of(String given) {
    return of(given, "model");
  }

  /** Parses an adapter's value, as {@link #of} does a model's. */
  static ModelReference ofAdapter(String given) {
    return of(given, "adapter");
  }

  private static ModelReference of(String given, String what) {
    Optional<Path> path = existing(given);
    if (path.isPresent()) {
      return new Local(path.get());
    }
    try {
      return new OnHub(RepoId.parse(given));
    } catch (UserError e) {
      throw new UserError(
          "no %s \"%s\": there is no directory or file of that name, and no such name on the Hub: %s%s"
              .formatted(what, given, e.getMessage(), nearest(given)),
          e);
    }
  }

  private static String nearest(String given) {
    try {
      return Unreadable.nearest(Path.of(given));
    } catch (InvalidPathException e) {
      return "";
    }
  }

  /** Returns the local path; a repository on the Hub is downloaded unless it is in the cache. */
  default Path resolve(Hub hub, HubListener listener) {
    if (this instanceof OnHub there) {
      return hub.snapshot(there.repo(), listener);
    }
    return ((Local) this).path();
  }

  /** Returns the local path; of a repository on the Hub, a directory with its config alone. */
  default Path resolveConfig(Hub hub, HubListener listener) {
    if (this instanceof OnHub there) {
      return hub.cached(there.repo()).orElseGet(() -> hub.config(there.repo(), listener));
    }
    return ((Local) this).path();
  }

  private static Optional<Path> existing(String given) {
    try {
      return given.isEmpty() ? Optional.empty() : Optional.of(Path.of(given)).filter(Files::exists);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
