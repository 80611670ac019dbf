package dev.lora4j.llm.recipe;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.TensorDigest;
import dev.lora4j.llm.gguf.ModelFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * The files that make a run repeatable, in its directory: {@code run.yaml} with all options of the
 * command, {@code origin.json} with versions, base and data, and the tokenizer files that users of
 * the adapter need.
 */
record RunRecord(Path directory) {
  /** The options of a run, as a file for {@code --config}. */
  static final String OPTIONS = "run.yaml";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Writes the options as a file for {@code --config}. */
  void options(Map<String, Object> options) {
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
   * @param data the data files
   */
  void origin(String model, Path base, String fingerprint, List<Path> data) {
    RunPaths paths = new RunPaths(directory);
    ObjectNode json = JSON.createObjectNode();
    Versions.all().forEach(json.putObject("versions")::put);
    ObjectNode origin = json.putObject("base");
    if (base.equals(Path.of(model))) {
      origin.put("name", paths.relative(base));
    } else { // a name on the Hub, in a directory of its cache
      origin.put("name", model).put("revision", String.valueOf(base.getFileName()));
    }
    origin.put("sha256", fingerprint);
    for (Path file : data) {
      json.withArray("data")
          .addObject()
          .put("file", paths.relative(file))
          .put("sha256", sha256(file));
    }
    write("origin.json", json.toPrettyString());
  }

  private static String sha256(Path file) {
    MessageDigest digest = TensorDigest.sha256();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Copies the tokenizer and chat template of a model. */
  void tokenizer(ModelFiles files) {
    files.copyTokenizerTo(directory);
  }

  private void write(String name, String text) {
    AtomicFile.write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
  }
}
