package dev.lora4j.llm.embedding;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ModelFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The modules of a sentence-transformers directory, listed in {@code modules.json}. */
record ModuleList(Path file, List<Entry> modules) {
  private static final String MODULES = "modules.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A module.
   *
   * @param kind the simple name of its Python class
   * @param path its directory in that of the model
   */
  record Entry(String kind, String path) {}

  /**
   * Reads the modules.
   *
   * @return empty if there is no {@code modules.json}
   * @throws CorruptFile if the file is malformed
   */
  static Optional<ModuleList> in(ModelFiles files) {
    Path file = files.path().resolve(MODULES);
    return files.read(MODULES).map(content -> new ModuleList(file, modules(file, content)));
  }

  private static List<Entry> modules(Path file, byte[] content) {
    List<Entry> modules = new ArrayList<>();
    for (JsonNode module : parsed(file, content)) {
      String type = module.path("type").asText();
      String path = module.path("path").asText();
      if (!path.isEmpty() && !path.matches("\\w[\\w.-]*")) {
        throw new CorruptFile(file, "expected the name of a directory beside it, found " + path);
      }
      modules.add(new Entry(type.substring(type.lastIndexOf('.') + 1), path));
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

  private List<String> kinds() {
    return modules.stream().map(Entry::kind).toList();
  }

  /** Returns whether the model is a reranker: a transformer with logits for a score. */
  boolean isReranker() {
    return kinds().equals(List.of("Transformer", "LogitScore"))
        || kinds().equals(List.of("Transformer"));
  }

  /** Returns the pooling and normalisation of an embedding model. */
  EmbeddingConfig embedding(ModelFiles files) {
    if (!String.join(" ", kinds()).matches("Transformer Pooling( Dense)*( Normalize)?")) {
      throw new UserError(
          file
              + ": embedding models of the modules Transformer, Pooling, any number of Dense, and"
              + " optionally Normalize are supported, found "
              + String.join(", ", kinds()));
    }
    List<DenseLayer> dense =
        modules.stream()
            .filter(module -> module.kind().equals("Dense"))
            .map(module -> DenseLayer.read(file.resolveSibling(module.path())))
            .toList();
    return new EmbeddingConfig(
        TokenPooling.of(files.json(modules.get(1).path() + "/config.json")),
        dense,
        kinds().contains("Normalize"));
  }

  /** Returns the directories of modules below that of the model. */
  List<String> directories() {
    return modules.stream().map(Entry::path).filter(path -> !path.isEmpty()).toList();
  }

  /** Returns the directory of the transformer. */
  Path transformer() {
    return file.resolveSibling(modules.isEmpty() ? "" : modules.get(0).path());
  }
}
