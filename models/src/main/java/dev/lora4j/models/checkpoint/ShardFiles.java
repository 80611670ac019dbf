package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorSource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Weights in as many safetensors files as their size asks for, with an index where several. */
final class ShardFiles {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ShardFiles() {}

  /**
   * Writes them, tensor by tensor.
   *
   * @param maxShardBytes how much data a file may hold; a larger tensor has a file of its own
   * @param metadata free text for each file's header
   * @throws dev.lora4j.UserError when the disk refuses
   */
  static void write(
      Path directory,
      Map<String, TensorSource> tensors,
      long maxShardBytes,
      Map<String, String> metadata) {
    List<Map<String, TensorSource>> shards = shards(tensors, maxShardBytes);
    if (shards.size() == 1) {
      SafetensorsWriter.stream(
          directory.resolve(WeightFormat.SAFETENSORS.single()), shards.get(0), metadata);
      return;
    }
    Map<String, String> fileOf = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name =
          String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      SafetensorsWriter.stream(directory.resolve(name), shards.get(i), metadata);
      shards.get(i).keySet().forEach(tensor -> fileOf.put(tensor, name));
    }
    writeIndex(directory.resolve(WeightFormat.SAFETENSORS.index()), tensors, fileOf);
  }

  private static List<Map<String, TensorSource>> shards(
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

  private static void writeIndex(
      Path file, Map<String, TensorSource> tensors, Map<String, String> fileOf) {
    ObjectNode index = JSON.createObjectNode();
    long total = tensors.values().stream().mapToLong(TensorSource::bytes).sum();
    index.putObject("metadata").put("total_size", total);
    ObjectNode map = index.putObject("weight_map");
    fileOf.forEach(map::put);
    try {
      String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index) + "\n";
      AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an object that can't be written", e);
    }
  }
}
