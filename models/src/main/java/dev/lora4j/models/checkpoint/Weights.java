package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorFile;
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
 * that {@code model.safetensors.index.json} lists; where neither is there, of {@code
 * pytorch_model.bin} or its shards.
 */
final class Weights implements StoredTensors {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<TensorFile> files = new ArrayList<>();
  private final Map<String, TensorFile> byName = new LinkedHashMap<>();

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
    WeightFormat format =
        WeightFormat.in(directory).orElseThrow(() -> new UserError(nothingIn(directory)));
    Path single = directory.resolve(format.single());
    if (Files.exists(single)) {
      add(single);
    } else {
      openShards(directory, format);
    }
  }

  private static String nothingIn(Path directory) {
    return "%s: there is neither %s nor %s, whole or in shards with an index"
        .formatted(directory, WeightFormat.SAFETENSORS.single(), WeightFormat.TORCH.single());
  }

  private void add(Path path) {
    TensorFile file = WeightFormat.open(path);
    files.add(file);
    file.names().forEach(name -> byName.put(name, file));
  }

  // ---- shards ----

  private void openShards(Path directory, WeightFormat format) {
    Path index = directory.resolve(format.index());
    Map<String, String> shardOf = readIndex(index, format);
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

  private static Map<String, String> readIndex(Path index, WeightFormat format) {
    Map<String, String> shardOf = new LinkedHashMap<>();
    JsonNode map;
    try {
      map = JSON.readTree(Files.readAllBytes(index)).path("weight_map");
    } catch (IOException e) {
      throw new CorruptFile(index, "no JSON", e);
    }
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String shard = entry.getValue().asText();
      if (!shard.matches("[A-Za-z0-9._-]+") || !format.isShard(shard)) {
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
          TensorFile file = byName.get(name);
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
    return file(name).dtype(name);
  }

  @Override
  public List<Long> shape(String name) {
    return file(name).shape(name);
  }

  /** The file's own memory where it holds the wanted format, else a copy. */
  @Override
  public Tensor read(String name, DType format) {
    TensorFile file = file(name);
    return dtype(name) == format
        ? file.map(name).orElseGet(() -> file.read(name))
        : file.read(name).to(format.torch());
  }

  /** The file that holds a tensor. */
  private TensorFile file(String name) {
    return Objects.requireNonNull(byName.get(name), name);
  }

  @Override
  public void close() {
    files.forEach(TensorFile::close);
  }
}
