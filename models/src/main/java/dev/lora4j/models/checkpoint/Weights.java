package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;

/**
 * The tensors of a checkpoint directory by name: of {@code model.safetensors}, or of the shards
 * that {@code model.safetensors.index.json} lists.
 */
final class Weights implements StoredTensors {
  static final String FILE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";
  private static final String PICKLE = "pytorch_model.bin";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<SafetensorsFile> files = new ArrayList<>();
  private final Map<String, SafetensorsFile> byName = new LinkedHashMap<>();

  private Weights() {}

  /**
   * Opens all files and reads their headers.
   *
   * @throws UserError if there are no weights, naming every shard that is not there
   * @throws CorruptFile if the index and the shards do not agree
   */
  static Weights open(Path directory) {
    Weights weights = new Weights();
    boolean opened = false;
    try {
      weights.openIn(directory);
      opened = true;
      return weights;
    } finally {
      if (!opened) {
        weights.close();
      }
    }
  }

  private void openIn(Path directory) {
    if (Files.exists(directory.resolve(FILE))) {
      add(directory.resolve(FILE));
    } else if (Files.exists(directory.resolve(INDEX))) {
      openShards(directory, directory.resolve(INDEX));
    } else if (Files.exists(directory.resolve(PICKLE))
        || Files.exists(directory.resolve(PICKLE + ".index.json"))) {
      throw new UserError(
          directory
              + ": the weights are in "
              + PICKLE
              + ", which can run code when it is read; convert them to safetensors (save_pretrained"
              + " of any newer transformers writes it)");
    } else {
      throw new UserError(directory + ": there is neither " + FILE + " nor " + INDEX);
    }
  }

  private void add(Path path) {
    SafetensorsFile file = SafetensorsFile.open(path);
    files.add(file);
    file.names().forEach(name -> byName.put(name, file));
  }

  // ---- shards ----

  private void openShards(Path directory, Path index) {
    Map<String, String> shardOf = readIndex(index);
    Set<String> shards = new TreeSet<>(shardOf.values());
    List<String> absent =
        shards.stream().filter(shard -> !Files.isRegularFile(directory.resolve(shard))).toList();
    if (!absent.isEmpty()) {
      throw new UserError(
          "%s: %d of %d shards are not there: %s"
              .formatted(directory, absent.size(), shards.size(), String.join(", ", absent)));
    }
    shards.forEach(shard -> add(directory.resolve(shard)));
    checkIndex(index, shardOf);
  }

  private static Map<String, String> readIndex(Path index) {
    Map<String, String> shardOf = new LinkedHashMap<>();
    JsonNode map;
    try {
      map = JSON.readTree(Files.readAllBytes(index)).path("weight_map");
    } catch (IOException e) {
      throw new CorruptFile(index, "no JSON", e);
    }
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String shard = entry.getValue().asText();
      if (!shard.matches("[A-Za-z0-9._-]+\\.safetensors")) {
        throw new CorruptFile(
            index, "weight_map." + entry.getKey() + ": expected a file beside it, found " + shard);
      }
      shardOf.put(entry.getKey(), shard);
    }
    if (shardOf.isEmpty()) {
      throw new CorruptFile(index, "weight_map: expected names of tensors and files, found " + map);
    }
    return shardOf;
  }

  private void checkIndex(Path index, Map<String, String> shardOf) {
    shardOf.forEach(
        (name, shard) -> {
          SafetensorsFile file = byName.get(name);
          if (file == null || !file.path().endsWith(shard)) {
            throw new CorruptFile(index, name + ": expected in " + shard + ", is not there");
          }
        });
  }

  // ---- tensors ----

  @Override
  public String description() {
    return CheckpointWriter.CONFIG;
  }

  @Override
  public Set<String> names() {
    return byName.keySet();
  }

  @Override
  public DType dtype(String name) {
    return file(name).info(name).dtype();
  }

  @Override
  public List<Long> shape(String name) {
    return file(name).info(name).shape();
  }

  /** The file's own memory where it holds the wanted format, else a copy. */
  @Override
  public Tensor read(String name, DType format) {
    SafetensorsFile file = file(name);
    return dtype(name) == format
        ? file.map(name).orElseGet(() -> file.read(name))
        : file.read(name).to(format.torch());
  }

  /** The file that holds a tensor. */
  private SafetensorsFile file(String name) {
    return Objects.requireNonNull(byName.get(name), name);
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }
}
