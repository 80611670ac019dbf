package dev.lora4j.llm.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** A small checkpoint with changes in its config. */
public record ChangedConfig(String family, Consumer<ObjectNode> change) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The changed fields. */
  public JsonDocument fields() {
    Path file = SavedFamilies.directory(family).resolve("config.json");
    try {
      ObjectNode json = (ObjectNode) JSON.readTree(Files.readAllBytes(file));
      change.accept(json);
      return JsonDocument.of(file, json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Copies the checkpoint with the changed config. */
  public Path copyTo(Path directory) {
    try {
      Files.createDirectories(directory);
      Files.write(directory.resolve("config.json"), JsonDocument.bytes(fields().json()));
      Path weights = SavedFamilies.directory(family).resolve("model.safetensors");
      Files.copy(weights, directory.resolve("model.safetensors"));
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
