package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * An adapter on the command line: {@code DIR}, {@code org/name}, or either with a name, {@code
 * NAME=DIR}.
 *
 * @param name the name; by default the last part of the directory
 * @param location a directory, or a repository on the Hub
 */
public record NamedAdapter(String name, String location) {

  public static NamedAdapter parse(String given) {
    int equals = given.indexOf('=');
    if (equals < 0 || exists(given)) {
      return new NamedAdapter(lastPart(given), given);
    }
    String name = given.substring(0, equals);
    String location = given.substring(equals + 1);
    if (name.isBlank() || location.isBlank()) {
      throw new UserError("--adapter: expected DIR or NAME=DIR, found '" + given + "'");
    }
    return new NamedAdapter(name, location);
  }

  UserError nameIsTaken() {
    return new UserError(
        "--adapter: two adapters are named '" + name + "'; rename one: NAME=" + location);
  }

  private static boolean exists(String given) {
    try {
      return Files.exists(Path.of(given));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** {@code pirate} of {@code adapters/pirate/} and of {@code org/pirate@v1}. */
  private static String lastPart(String given) {
    String location =
        exists(given) ? Path.of(given).toAbsolutePath().normalize().toString() : given;
    String last =
        location.substring(Math.max(location.lastIndexOf('/'), location.lastIndexOf('\\')) + 1);
    int at = exists(given) ? -1 : last.indexOf('@');
    return at > 0 ? last.substring(0, at) : last;
  }
}
