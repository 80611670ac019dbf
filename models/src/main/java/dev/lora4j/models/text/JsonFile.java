package dev.lora4j.models.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A JSON object in a file of a model's or a run's directory. */
public final class JsonFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonFile() {}

  /**
   * The object that the file holds.
   *
   * @throws CorruptFile when it holds something else
   */
  public static JsonNode read(Path file) {
    JsonNode json;
    try {
      json = JSON.readTree(Files.readAllBytes(file));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new CorruptFile(file, "no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
    if (json == null || !json.isObject()) {
      throw new CorruptFile(file, "expected a JSON object");
    }
    return json;
  }

  /** The object that the file holds; an empty one where there is no such file. */
  static JsonNode readIfPresent(Path file) {
    return Files.exists(file) ? read(file) : JSON.createObjectNode();
  }
}
