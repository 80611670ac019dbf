package dev.lora4j.llm.merge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorSource;
import dev.lora4j.io.Unreadable;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.llm.checkpoint.CheckpointWriter;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.embedding.EmbeddingConfig;
import dev.lora4j.llm.gguf.ModelFiles;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The place of a merged checkpoint: a safetensors file, or a directory with the weights and copies
 * of all other files of the base.
 *
 * @param base the checkpoint that was changed
 * @param tensors its tensors after the change
 * @param maxShardBytes the largest size of a shard's tensors
 * @param dtype the dtype that all floating-point tensors are converted to, if any
 * @param untied whether the output head is no longer the input embedding
 * @param vocabulary the new size of the vocabulary, if it changed
 * @param tokenizer the directory of another tokenizer
 */
record CheckpointOutput(
    Checkpoint base,
    Map<String, TensorSource> tensors,
    long maxShardBytes,
    Optional<DType> dtype,
    boolean untied,
    OptionalLong vocabulary,
    Optional<Path> tokenizer) {
  private static final String SUFFIX = ".safetensors";
  private static final String VOCABULARY = "vocab_size";
  private static final String TIE = "tie_word_embeddings";
  private static final String WEIGHTS =
      ".*\\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|gguf|ot)(\\.index\\.json)?";

  /** Creates the output of a model with its own vocabulary and tokenizer. */
  CheckpointOutput(
      Checkpoint base,
      Map<String, TensorSource> tensors,
      long maxShardBytes,
      Optional<DType> dtype,
      boolean untied) {
    this(base, tensors, maxShardBytes, dtype, untied, OptionalLong.empty(), Optional.empty());
  }

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
    base.directory()
        .ifPresent(
            from -> {
              copyOtherFiles(from, directory, writer);
              copyModules(from, directory);
            });
    tokenizer.ifPresent(own -> ModelFiles.in(own).copyTokenizerTo(directory));
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
      if (name.equals(ModelConfig.FILE)
          && (untied || dtype.isPresent() || vocabulary.isPresent())) {
        writer.writeConfig(changed(JsonDocument.read(file).json()));
      } else if (!name.matches(WEIGHTS) && !name.startsWith(".")) {
        requireInside(from, file);
        AtomicFile.write(to.resolve(name), out -> Files.copy(file, Channels.newOutputStream(out)));
      }
    }
  }

  /** Copies the modules that sentence-transformers has below the model's directory. */
  private static void copyModules(Path from, Path to) {
    for (String name : EmbeddingConfig.directories(ModelFiles.in(from))) {
      Path module = from.resolve(name);
      for (Path file : Files.isDirectory(module) ? CheckpointFiles.list(module) : List.<Path>of()) {
        requireInside(from, file);
        Path copy = to.resolve(name).resolve(String.valueOf(file.getFileName()));
        try {
          Files.createDirectories(to.resolve(name));
        } catch (IOException e) {
          throw new UserError("cannot create " + to.resolve(name) + ": " + e.getMessage(), e);
        }
        AtomicFile.write(copy, out -> Files.copy(file, Channels.newOutputStream(out)));
      }
    }
  }

  /**
   * Refuses a link to a file elsewhere, whose content would be published with the merged model. A
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
      throw Unreadable.because(file, e);
    }
  }

  private ObjectNode changed(ObjectNode config) {
    if (untied) {
      config.put(TIE, false);
      if (config.path("text_config") instanceof ObjectNode text && text.has(TIE)) {
        text.put(TIE, false);
      }
    }
    vocabulary.ifPresent(
        tokens -> {
          boolean nested = !config.has(VOCABULARY) && config.has("text_config");
          ObjectNode part = nested ? (ObjectNode) config.path("text_config") : config;
          part.put(VOCABULARY, tokens);
        });
    return dtype.map(format -> CheckpointWriter.withDType(config, format)).orElse(config);
  }
}
