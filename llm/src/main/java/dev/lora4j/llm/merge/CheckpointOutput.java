package dev.lora4j.llm.merge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.CheckpointWriter;
import dev.lora4j.llm.checkpoint.ModelConfig;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The place of a merged checkpoint: a safetensors file, or a directory with the weights, in this
 * dtype if any, perhaps with an untied head, and copies of all other files of the base.
 */
record CheckpointOutput(
    Checkpoint base,
    Map<String, TensorSource> tensors,
    long maxShardBytes,
    Optional<DType> dtype,
    boolean untied) {
  private static final String SUFFIX = ".safetensors";
  private static final String TIE = "tie_word_embeddings";
  private static final String WEIGHTS =
      ".*\\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|gguf|ot)(\\.index\\.json)?";

  /** Refuses a path that is already in use. */
  static void requireFree(Path out) {
    AtomicDirectory.requireFree(out);
    if (isFile(out) && Files.exists(out)) {
      throw new UserError("cannot write " + out + ": there is a directory of that name");
    }
  }

  private static boolean isFile(Path out) {
    return out.toString().endsWith(SUFFIX);
  }

  /** Writes the checkpoint and returns its size in bytes. */
  long write(Path out) {
    if (!isFile(out)) {
      AtomicDirectory.write(out, this::writeInto);
    } else if (untied) {
      throw new UserError(
          out
              + ": head and embedding differ now, and config.json must say so;"
              + " write a directory instead of a file");
    } else {
      SafetensorsWriter.stream(out, tensors, metadata());
    }
    return CheckpointFiles.bytes(out);
  }

  private void writeInto(Path directory) {
    CheckpointWriter writer = new CheckpointWriter(directory, tensors, maxShardBytes, metadata());
    base.directory().ifPresent(from -> copyOtherFiles(from, directory, writer));
    writer.writeWeights();
  }

  private Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>(base.metadata());
    metadata.putIfAbsent("format", "pt");
    return metadata;
  }

  private void copyOtherFiles(Path from, Path to, CheckpointWriter writer) {
    for (Path file : CheckpointFiles.list(from)) {
      String name = String.valueOf(file.getFileName());
      if (name.equals(ModelConfig.FILE) && (untied || dtype.isPresent())) {
        writer.writeConfig(changed(JsonDocument.read(file).json()));
      } else if (!name.matches(WEIGHTS) && !name.startsWith(".")) {
        requireInside(from, file);
        AtomicFile.write(to.resolve(name), out -> Files.copy(file, Channels.newOutputStream(out)));
      }
    }
  }

  /**
   * Refuses a link to a file elsewhere, whose content would be given away with the merged model. A
   * Hub's cache links to its blobs.
   */
  private static void requireInside(Path directory, Path file) {
    try {
      Path real = file.toRealPath();
      Path root = directory.toRealPath();
      Path snapshots = root.resolveSibling("");
      boolean cached =
          snapshots.endsWith("snapshots") && real.startsWith(snapshots.resolveSibling("blobs"));
      if (Files.isSymbolicLink(file) && !real.startsWith(root) && !cached) {
        throw new UserError(
            "%s is a symbolic link to %s, outside the model's directory; replace it by a copy, or delete it"
                .formatted(file, real));
      }
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }

  private ObjectNode changed(ObjectNode config) {
    if (untied) {
      config.put(TIE, false);
      if (config.path("text_config") instanceof ObjectNode text && text.has(TIE)) {
        text.put(TIE, false);
      }
    }
    return dtype.map(format -> CheckpointWriter.withDType(config, format)).orElse(config);
  }
}
