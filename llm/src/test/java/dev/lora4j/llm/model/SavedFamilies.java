package dev.lora4j.llm.model;

import dev.lora4j.Fixture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The small checkpoints that tools/llm_fixtures.py wrote, at least one of each family. */
public final class SavedFamilies {
  private SavedFamilies() {}

  /** Their names, those of the fixtures' directories. */
  public static Stream<String> all() {
    try (Stream<Path> directories = Files.list(Fixture.path("llm"))) {
      return directories.map(path -> path.getFileName().toString()).sorted().toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those whose checkpoint has a text model and nothing else. */
  public static Stream<String> textOnly() {
    return all().filter(family -> !family.endsWith("_nested"));
  }

  /** The directory of one. */
  public static Path directory(String family) {
    return Fixture.path("llm/" + family);
  }

  /** The results of transformers and PEFT for it. */
  public static Fixture expected(String family) {
    return Fixture.read("llm/" + family + "/expected.safetensors");
  }
}
