package dev.lora4j.llm.embedding;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.gguf.ModelFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The modules that sentence-transformers appends to a language model, listed in {@code
 * modules.json}.
 *
 * @param normalized whether embeddings have the length 1
 */
public record EmbeddingConfig(TokenPooling pooling, boolean normalized) {
  private static final String MODULES = "modules.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A module.
   *
   * @param kind the simple name of its Python class
   * @param path its directory in that of the model
   */
  private record Module(String kind, String path) {}

  /**
   * Reads the modules of a model.
   *
   * @return empty if the model has no {@code modules.json}: it is no embedding model
   * @throws UserError if a module is not supported
   * @throws CorruptFile if a file is malformed
   */
  public static Optional<EmbeddingConfig> in(ModelFiles files) {
    Path file = files.path().resolve(MODULES);
    return files.read(MODULES).map(content -> of(files, file, modules(file, content)));
  }

  private static EmbeddingConfig of(ModelFiles files, Path file, List<Module> modules) {
    List<String> kinds = modules.stream().map(Module::kind).toList();
    boolean normalized = kinds.equals(List.of("Transformer", "Pooling", "Normalize"));
    if (!normalized && !kinds.equals(List.of("Transformer", "Pooling"))) {
      throw new UserError(
          file
              + ": embedding models of the modules Transformer, Pooling and optionally Normalize"
              + " are supported, found "
              + String.join(", ", kinds));
    }
    JsonDocument pooling = files.json(modules.get(1).path() + "/config.json");
    return new EmbeddingConfig(TokenPooling.of(pooling), normalized);
  }

  private static List<Module> modules(Path file, byte[] content) {
    List<Module> modules = new ArrayList<>();
    for (JsonNode module : parsed(file, content)) {
      String type = module.path("type").asText();
      modules.add(
          new Module(type.substring(type.lastIndexOf('.') + 1), module.path("path").asText()));
    }
    return modules;
  }

  private static JsonNode parsed(Path file, byte[] content) {
    try {
      JsonNode modules = JSON.readTree(content);
      if (!modules.isArray()) {
        throw new CorruptFile(file, "expected a list of modules");
      }
      return modules;
    } catch (IOException e) {
      throw new CorruptFile(file, "no JSON: " + e.getMessage(), e);
    }
  }
}
