package dev.lora4j.cli.train;

import dev.lora4j.UserError;
import dev.lora4j.train.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The output directory of a training run. */
public record OutputDirectory(Path path) {
  private static final List<String> RUN =
      List.of(RunDirectory.RUN, LanguageTraining.CONFIG, "sweep.yaml");
  private static final int NAMED = 3;

  /**
   * Checks that a new run can begin here.
   *
   * @throws UserError if there is a run, or anything else; hidden files are ignored
   */
  public void requireFree() {
    if (!Files.exists(path)) {
      return;
    }
    if (!Files.isDirectory(path)) {
      throw new UserError("--out: " + path + " is a file; expected a directory");
    }
    List<String> entries = entries();
    if (entries.stream().anyMatch(RUN::contains)) {
      throw new UserError(
          "--out: %s already holds a run; resume it with: lora train --resume --out %s%n"
                  .formatted(path, path)
              + "or choose another directory");
    }
    if (!entries.isEmpty()) {
      throw new UserError(
          "--out: %s is not empty and holds no run (%s%s); choose a new directory"
              .formatted(
                  path,
                  String.join(", ", entries.subList(0, Math.min(NAMED, entries.size()))),
                  entries.size() > NAMED ? ", …" : ""));
    }
  }

  /** Creates the directory and its parents for a new run. */
  public void create() {
    requireFree();
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new UserError("--out: cannot create " + path + ": " + e, e);
    }
  }

  private List<String> entries() {
    try (Stream<Path> entries = Files.list(path)) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UserError("--out: cannot read " + path + ": " + e, e);
    }
  }
}
