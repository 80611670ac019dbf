package dev.lora4j.models.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.models.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Where the weights of a saved model are.
 *
 * @param directory what stands around the weights, if they are a directory's
 * @param weights the safetensors files, in order
 * @param shardOf the file that an index names for each tensor; empty without an index
 */
record CheckpointFiles(Optional<Path> directory, List<Path> weights, Map<String, Path> shardOf) {
  static final String SINGLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";
  private static final String SUFFIX = ".safetensors";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Finds the weights at a path: a file, or a directory as Hugging Face lays it out. */
  static CheckpointFiles at(Path path) {
    if (!Files.exists(path)) {
      throw new UserError("there is no " + path);
    }
    if (!Files.isDirectory(path)) {
      refusePickle(path);
      refuseGguf(path);
      return new CheckpointFiles(Optional.empty(), List.of(path), Map.of());
    }
    if (Files.exists(path.resolve("adapter_config.json"))) {
      throw new UserError(path + " is an adapter's directory; expected a base model's");
    }
    Path index = path.resolve(INDEX);
    return Files.exists(index) ? sharded(path, index) : whole(path);
  }

  private static void refusePickle(Path file) {
    String name = String.valueOf(file.getFileName());
    if (name.matches(".*\\.(bin|pt|pth|ckpt|pkl)")) {
      throw new UserError(
          file
              + " may hold code that would run when it is read, and is not opened; save the model"
              + " as safetensors first (in Python: model.save_pretrained(directory))");
    }
  }

  private static void refuseGguf(Path file) {
    if (GgufModel.isAt(file)) {
      throw new UserError(
          file + " is a GGUF file; make a directory of it first: lora convert " + file + " DIR");
    }
  }

  private static CheckpointFiles whole(Path directory) {
    Path single = directory.resolve(SINGLE);
    if (Files.exists(single)) {
      return new CheckpointFiles(Optional.of(directory), List.of(single), Map.of());
    }
    List<Path> files = list(directory);
    List<Path> weights = files.stream().filter(f -> f.toString().endsWith(SUFFIX)).toList();
    if (weights.isEmpty()) {
      files.forEach(CheckpointFiles::refusePickle);
      throw new UserError(
          "no saved model in %s: neither %s nor %s is there".formatted(directory, SINGLE, INDEX));
    }
    if (weights.size() > 1) {
      throw new UserError(
          "%s holds %d safetensors files and no %s: name one of them"
              .formatted(directory, weights.size(), INDEX));
    }
    return new CheckpointFiles(Optional.of(directory), weights, Map.of());
  }

  private static CheckpointFiles sharded(Path directory, Path index) {
    JsonNode map = read(index).path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw new CorruptFile(index, "weight_map: expected the file of each tensor, found " + map);
    }
    Map<String, Path> shardOf = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String name = entry.getValue().asText();
      Path shard = directory.resolve(name);
      if (!name.endsWith(SUFFIX) || !directory.equals(shard.getParent())) {
        throw new CorruptFile(
            index,
            "weight_map: %s: expected a file beside it, found %s"
                .formatted(entry.getKey(), entry.getValue()));
      }
      shardOf.put(entry.getKey(), shard);
    }
    List<Path> weights = shardOf.values().stream().distinct().sorted().toList();
    for (Path shard : weights) {
      if (!Files.exists(shard)) {
        throw new CorruptFile(
            index, "names " + shard.getFileName() + ", which is not there; download it again");
      }
    }
    return new CheckpointFiles(Optional.of(directory), weights, shardOf);
  }

  static JsonNode read(Path file) {
    try {
      JsonNode json = JSON.readTree(Files.readAllBytes(file));
      if (json == null || !json.isObject()) {
        throw new CorruptFile(file, "expected a JSON object");
      }
      return json;
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CorruptFile(file, "no JSON: " + reason, e);
    }
  }

  static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return new ArrayList<>(files.filter(Files::isRegularFile).sorted().toList());
    } catch (IOException e) {
      throw new UserError("cannot read " + directory + ": " + e.getMessage(), e);
    }
  }
}
