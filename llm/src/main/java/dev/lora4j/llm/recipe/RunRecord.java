package dev.lora4j.llm.recipe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.FileDigest;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.gguf.ModelFiles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The files that make a run repeatable, in its directory: {@code run.yaml} with all options of the
 * command, {@code origin.json} with versions, base and data, and the tokenizer files that users of
 * the adapter need.
 */
public record RunRecord(Path directory) {
  /** The options of a run, as a file for {@code --config}. */
  public static final String OPTIONS = "run.yaml";

  private static final String ORIGIN = "origin.json";
  private static final String INITIAL = "adapter";
  private static final String SHA256 = "sha256";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Writes the options as a file for {@code --config}. */
  public void options(Map<String, Object> options) {
    StringBuilder yaml =
        new StringBuilder("# Repeat this run with: lora train --config run.yaml\n");
    options.forEach((key, value) -> yaml.append(key).append(": ").append(text(value)).append('\n'));
    write(OPTIONS, yaml.toString());
  }

  /** JSON strings and lists are valid YAML. */
  private static String text(Object value) {
    boolean plain = value instanceof Number || value instanceof Boolean;
    try {
      return plain
          ? value.toString()
          : JSON.writeValueAsString(value instanceof Collection<?> ? value : value.toString());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write the value", e);
    }
  }

  /**
   * Writes versions, base and data of the run.
   *
   * @param model the base as given by the user
   * @param base directory or file of the base
   * @param fingerprint digest of the base tensors
   * @param data the data files or folders
   * @param initial the adapter from which training went on
   */
  public void origin(
      String model,
      Path base,
      String fingerprint,
      List<Path> data,
      Optional<InitialAdapter> initial) {
    ObjectNode json = JSON.createObjectNode();
    Versions.all().forEach(json.putObject("versions")::put);
    json.putObject("base")
        .put("name", model)
        .put("directory", base.toAbsolutePath().toString())
        .put(SHA256, fingerprint);
    for (Path file : data) {
      json.withArray("data")
          .addObject()
          .put("file", file.toAbsolutePath().toString())
          .put(SHA256, FileDigest.sha256(file));
    }
    initial.ifPresent(
        adapter ->
            json.putObject(INITIAL)
                .put("directory", adapter.directory().toAbsolutePath().toString())
                .put(SHA256, adapter.sha256()));
    write(ORIGIN, json.toPrettyString());
  }

  /**
   * Checks that an adapter is the one from which the recorded run went on.
   *
   * @throws UserError if it has changed
   */
  void requireSame(InitialAdapter initial) {
    Path file = directory.resolve(ORIGIN);
    if (Files.exists(file)) {
      initial.require(JsonDocument.read(file).json().path(INITIAL).path(SHA256).asText("none"));
    }
  }

  /** Copies the tokenizer and chat template of a model. */
  void tokenizer(ModelFiles files) {
    files.copyTokenizerTo(directory);
  }

  private void write(String name, String text) {
    AtomicFile.write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
  }
}
