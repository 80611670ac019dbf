package dev.lora4j.models.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.models.gguf.ModelFiles;
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
    try {
      return parse(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }

  /**
   * The object in a file's content.
   *
   * @throws CorruptFile when it is something else
   */
  static JsonNode parse(Path file, byte[] content) {
    JsonNode json;
    try {
      json = JSON.readTree(content);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalStateException("memory that can't be read", e);
    }
    if (json == null || !json.isObject()) {
      throw new CorruptFile(file, "expected a JSON object");
    }
    return json;
  }

  /** The object that one of a model's files holds; an empty one where there is no such file. */
  static JsonNode readIfPresent(ModelFiles files, String name) {
    return files
        .read(name)
        .map(content -> parse(files.path().resolve(name), content))
        .orElseGet(JSON::createObjectNode);
  }
}
