package dev.lora4j.llm.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads a JSON object from a file of a model or a run. */
public final class JsonFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonFile() {}

  /**
   * Reads a file.
   *
   * @throws CorruptFile if it does not hold a JSON object
   */
  public static JsonNode read(Path file) {
    try {
      return parse(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }

  /**
   * Parses a file's content.
   *
   * @throws CorruptFile if it is not a JSON object
   */
  static JsonNode parse(Path file, byte[] content) {
    JsonNode json;
    try {
      json = JSON.readTree(content);
    } catch (JsonProcessingException e) {
      throw new CorruptFile(file, "invalid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read a byte array", e);
    }
    if (json == null || !json.isObject()) {
      throw new CorruptFile(file, "expected a JSON object");
    }
    return json;
  }

  /** Reads one of a model's files; an empty object if it is missing. */
  static JsonNode readIfPresent(ModelFiles files, String name) {
    return files
        .read(name)
        .map(content -> parse(files.path().resolve(name), content))
        .orElseGet(JSON::createObjectNode);
  }
}
