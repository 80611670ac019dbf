package dev.lora4j.llm.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a checkpoint directory, tensor by tensor: the weights as safetensors, in shards with an
 * index where they exceed the limit of one file, and {@code config.json}. Saving, merging and
 * converting all write through this class.
 */
public final class CheckpointWriter {
  private static final String WEIGHTS =
      "(model|pytorch_model)[^/]*\\.(safetensors|bin)(\\.index\\.json)?";
  private static final List<String> DTYPE_FIELDS = List.of("dtype", "torch_dtype");

  private final Path directory;
  private final Map<String, String> metadata;
  private final Map<String, Map<String, TensorSource>> shards;

  /** Plans the files, filled in this order; a tensor above the limit gets a file of its own. */
  public CheckpointWriter(
      Path directory,
      Map<String, TensorSource> tensors,
      long maxShardBytes,
      Map<String, String> metadata) {
    this.directory = directory;
    this.metadata = metadata;
    shards = named(split(tensors, maxShardBytes));
  }

  private static List<Map<String, TensorSource>> split(
      Map<String, TensorSource> tensors, long maxShardBytes) {
    List<Map<String, TensorSource>> shards = new ArrayList<>();
    long filled = 0;
    for (Map.Entry<String, TensorSource> tensor : tensors.entrySet()) {
      long bytes = tensor.getValue().bytes();
      if (shards.isEmpty() || filled > maxShardBytes - bytes) {
        shards.add(new LinkedHashMap<>());
        filled = 0;
      }
      shards.get(shards.size() - 1).put(tensor.getKey(), tensor.getValue());
      filled += bytes;
    }
    return shards;
  }

  private static Map<String, Map<String, TensorSource>> named(
      List<Map<String, TensorSource>> shards) {
    if (shards.size() == 1) {
      return Map.of(WeightFormat.SAFETENSORS.single(), shards.get(0));
    }
    Map<String, Map<String, TensorSource>> named = new LinkedHashMap<>();
    for (int i = 0; i < shards.size(); i++) {
      named.put(
          String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size()),
          shards.get(i));
    }
    return named;
  }

  /** Refuses a directory with other weights, which a reader might take for the new ones. */
  void refuseOtherWeights() {
    if (!Files.isDirectory(directory)) {
      return;
    }
    List<String> others =
        CheckpointFiles.list(directory).stream()
            .map(file -> String.valueOf(file.getFileName()))
            .filter(name -> name.matches(WEIGHTS) && !shards.containsKey(name))
            .filter(name -> shards.size() == 1 || !name.equals(WeightFormat.SAFETENSORS.index()))
            .toList();
    if (!others.isEmpty()) {
      throw new UserError(
          "%s holds other weights: %s; choose another directory or delete them"
              .formatted(directory, String.join(", ", others)));
    }
  }

  /**
   * Writes the weights, and then the index if there are several shards.
   *
   * @throws UserError when the disk refuses
   */
  public void writeWeights() {
    shards.forEach(
        (name, tensors) -> SafetensorsWriter.stream(directory.resolve(name), tensors, metadata));
    if (shards.size() > 1) {
      write(WeightFormat.SAFETENSORS.index(), index());
    }
  }

  private ObjectNode index() {
    Map<String, String> shardOf = new TreeMap<>();
    long total = 0;
    for (Map.Entry<String, Map<String, TensorSource>> shard : shards.entrySet()) {
      for (Map.Entry<String, TensorSource> tensor : shard.getValue().entrySet()) {
        shardOf.put(tensor.getKey(), shard.getKey());
        total += tensor.getValue().bytes();
      }
    }
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    index.putObject("metadata").put("total_size", total);
    ObjectNode map = index.putObject("weight_map");
    shardOf.forEach(map::put);
    return index;
  }

  /** Writes {@code config.json} as it is given. */
  public void writeConfig(ObjectNode config) {
    write(ModelConfig.FILE, config);
  }

  private void write(String name, ObjectNode json) {
    AtomicFile.write(directory.resolve(name), JsonDocument.bytes(json));
  }

  // ---- dtype ----

  /** Returns a config with this dtype wherever it names one, or in a new {@code dtype}. */
  public static ObjectNode withDType(ObjectNode config, DType dtype) {
    ObjectNode changed = config.deepCopy();
    boolean named = setDType(changed, dtype);
    if (changed.path("text_config") instanceof ObjectNode text) {
      named |= setDType(text, dtype);
    }
    return named ? changed : changed.put("dtype", torchName(dtype));
  }

  private static boolean setDType(ObjectNode part, DType dtype) {
    List<String> present = DTYPE_FIELDS.stream().filter(part::has).toList();
    present.forEach(field -> part.put(field, torchName(dtype)));
    return !present.isEmpty();
  }

  /** Returns torch's name of a weight dtype. */
  public static String torchName(DType dtype) {
    return switch (dtype) {
      case F64 -> "float64";
      case F32 -> "float32";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      default -> throw new UserError("a checkpoint can't hold " + dtype);
    };
  }
}
