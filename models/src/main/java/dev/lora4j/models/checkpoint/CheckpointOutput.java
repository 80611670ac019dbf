package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorSource;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Writes a changed checkpoint: a file, or a directory with everything that stands beside the base's
 * weights, and the weights in as many files as their size asks for.
 */
final class CheckpointOutput {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SUFFIX = ".safetensors";
  private static final String WEIGHTS =
      ".*\\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|gguf|ot)(\\.index\\.json)?";

  private final Checkpoint base;
  private final Map<String, TensorSource> tensors;
  private final long maxShardBytes;
  private final Optional<DType> dtype;
  private final boolean untied;

  CheckpointOutput(
      Checkpoint base,
      Map<String, TensorSource> tensors,
      long maxShardBytes,
      Optional<DType> dtype,
      boolean untied) {
    this.base = base;
    this.tensors = tensors;
    this.maxShardBytes = maxShardBytes;
    this.dtype = dtype;
    this.untied = untied;
  }

  /** Refuses a place where something is already. */
  static void requireFree(Path out) {
    AtomicDirectory.requireFree(out);
    if (isFile(out) && Files.exists(out)) {
      throw new UserError("cannot write " + out + ": there is a directory of that name");
    }
  }

  private static boolean isFile(Path out) {
    return out.toString().endsWith(SUFFIX);
  }

  /** Writes it, and says how many bytes. */
  long write(Path out) {
    if (isFile(out)) {
      if (untied) {
        throw new UserError(
            out
                + ": head and embedding differ now, and config.json must say so;"
                + " write a directory instead of a file");
      }
      SafetensorsWriter.stream(out, tensors, metadata());
      return size(out);
    }
    AtomicDirectory.write(out, this::writeInto);
    return CheckpointFiles.list(out).stream().mapToLong(CheckpointOutput::size).sum();
  }

  private void writeInto(Path directory) {
    if (base.directory().isPresent()) {
      copyBeside(base.directory().get(), directory);
    }
    ShardFiles.write(directory, tensors, maxShardBytes, metadata());
  }

  private Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>(base.metadata());
    metadata.putIfAbsent("format", "pt");
    return metadata;
  }

  private void copyBeside(Path from, Path to) {
    for (Path file : CheckpointFiles.list(from)) {
      String name = String.valueOf(file.getFileName());
      if (name.equals(ModelConfig.FILE) && (untied || dtype.isPresent())) {
        write(to.resolve(name), changedConfig(CheckpointFiles.read(file)));
      } else if (!name.matches(WEIGHTS) && !name.startsWith(".")) {
        AtomicFile.write(to.resolve(name), out -> Files.copy(file, Channels.newOutputStream(out)));
      }
    }
  }

  private JsonNode changedConfig(JsonNode config) {
    ObjectNode changed = config.deepCopy();
    List<ObjectNode> parts = new ArrayList<>(List.of(changed));
    if (changed.path("text_config") instanceof ObjectNode text) {
      parts.add(text);
    }
    if (untied) {
      changed.put("tie_word_embeddings", false);
      parts.stream()
          .filter(part -> part.has("tie_word_embeddings"))
          .forEach(part -> part.put("tie_word_embeddings", false));
    }
    dtype.ifPresent(
        format -> {
          for (ObjectNode part : parts) {
            for (String key : List.of("dtype", "torch_dtype")) {
              if (part.path(key).isTextual()) {
                part.put(key, torchName(format));
              }
            }
          }
        });
    return changed;
  }

  private static String torchName(DType format) {
    return switch (format) {
      case F64 -> "float64";
      case F32 -> "float32";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      default -> throw new IllegalStateException("not a format of weights: " + format);
    };
  }

  private static void write(Path file, JsonNode json) {
    try {
      String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
      AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an object that can't be written", e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
