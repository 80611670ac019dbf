package dev.lora4j.llm.recipe;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.FileDigest;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.gguf.ModelFiles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

  /** Versions, base and data of a run. */
  public static final String ORIGIN = "origin.json";

  private static final String BASE = "base";
  private static final String STORAGE = "storage";

  /** The storage of a base that is not quantised. */
  public static final List<String> FLOAT32 = List.of("float32");

  private static final String INITIAL = "adapter";
  private static final String SHA256 = "sha256";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Writes the options as a file for {@code --config}. */
  public void options(Map<String, Object> options) {
    OptionsFile.write(
        directory.resolve(OPTIONS),
        "Repeat this run with: lora train --config run.yaml --out DIR",
        options);
  }

  /**
   * Writes versions, base and data of the run.
   *
   * @param model the base as given by the user
   * @param base directory or GGUF file of the base; of a model on the Hub, that of its revision
   * @param fingerprint digest of the base tensors
   * @param storage how the base's matrices were kept in memory
   * @param data the data files or folders
   * @param initial the adapter whose training was continued
   */
  public void origin(
      String model,
      Path base,
      String fingerprint,
      List<String> storage,
      List<Path> data,
      Optional<InitialAdapter> initial) {
    RunPaths paths = new RunPaths(directory);
    ObjectNode json = JSON.createObjectNode();
    Versions.all().forEach(json.putObject("versions")::put);
    ObjectNode origin = json.putObject(BASE);
    if (base.equals(Path.of(model))) {
      origin.put("name", paths.relative(base));
    } else { // a name on the Hub, in a directory of its cache
      origin.put("name", model).put("revision", String.valueOf(base.getFileName()));
    }
    origin.put(SHA256, fingerprint);
    if (!storage.equals(FLOAT32)) {
      origin.put(STORAGE, String.join(", ", storage));
    }
    for (Path file : data) {
      json.withArray("data")
          .addObject()
          .put("file", paths.relative(file))
          .put(SHA256, FileDigest.sha256(file));
    }
    initial.ifPresent(
        adapter ->
            json.putObject(INITIAL)
                .put("directory", new RunPaths(directory).relative(adapter.directory()))
                .put(SHA256, adapter.sha256()));
    write(ORIGIN, json.toPrettyString());
  }

  /**
   * Checks that an adapter is the one that the recorded run continued.
   *
   * @throws UserError if it has changed
   */
  public void requireSame(InitialAdapter initial) {
    Path file = directory.resolve(ORIGIN);
    if (Files.exists(file)) {
      initial.require(JsonDocument.read(file).json().path(INITIAL).path(SHA256).asText("none"));
    }
  }

  /**
   * Checks that the base is kept as in the recorded run, since other roundings give another
   * adapter.
   *
   * @throws UserError if it is not
   */
  void requireSame(List<String> storage) {
    Path file = directory.resolve(ORIGIN);
    if (!Files.exists(file)) {
      return;
    }
    String recorded =
        JsonDocument.read(file).json().path(BASE).path(STORAGE).asText(String.join(", ", FLOAT32));
    String now = String.join(", ", storage);
    if (!recorded.equals(now)) {
      throw new UserError(
          "the run in %s was trained on the base in %s, and it is now loaded in %s; resume it with the same: --quantize, --dequantize or --dtype as then"
              .formatted(directory, recorded, now));
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
