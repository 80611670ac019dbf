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
 * @param weights the files, in order
 * @param shardOf the file that an index names for each tensor; empty without an index
 */
record CheckpointFiles(Optional<Path> directory, List<Path> weights, Map<String, Path> shardOf) {
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
    return WeightFormat.in(path).map(format -> in(path, format)).orElseGet(() -> oneIn(path));
  }

  private static CheckpointFiles in(Path directory, WeightFormat format) {
    Path single = directory.resolve(format.single());
    return Files.exists(single) ? whole(directory, single) : sharded(directory, format);
  }

  private static CheckpointFiles whole(Path directory, Path file) {
    return new CheckpointFiles(Optional.of(directory), List.of(file), Map.of());
  }

  private static void refusePickle(Path file) {
    String name = String.valueOf(file.getFileName());
    if (name.matches(".*\\.(ckpt|pkl)")) {
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

  /** The only safetensors file of a directory, whatever it is called. */
  private static CheckpointFiles oneIn(Path directory) {
    List<Path> files = list(directory);
    List<Path> weights =
        files.stream().filter(file -> WeightFormat.SAFETENSORS.isShard(file.toString())).toList();
    if (weights.isEmpty()) {
      files.forEach(CheckpointFiles::refusePickle);
      throw new UserError(nothingIn(directory, files));
    }
    if (weights.size() > 1) {
      throw new UserError(
          "%s holds %d safetensors files and no %s: name one of them"
              .formatted(directory, weights.size(), WeightFormat.SAFETENSORS.index()));
    }
    return whole(directory, weights.get(0));
  }

  private static String nothingIn(Path directory, List<Path> files) {
    List<String> others =
        files.stream()
            .map(file -> String.valueOf(file.getFileName()))
            .filter(WeightFormat::isTorch)
            .toList();
    return "no saved model in %s: neither %s nor %s is there, whole or in shards with an index%s"
        .formatted(
            directory,
            WeightFormat.SAFETENSORS.single(),
            WeightFormat.TORCH.single(),
            others.isEmpty()
                ? ""
                : "; if it is " + String.join(" or ", others) + ", give the path of that file");
  }

  private static CheckpointFiles sharded(Path directory, WeightFormat format) {
    Path index = directory.resolve(format.index());
    JsonNode map = read(index).path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw new CorruptFile(index, "weight_map: expected the file of each tensor, found " + map);
    }
    Map<String, Path> shardOf = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String name = entry.getValue().asText();
      Path shard = directory.resolve(name);
      if (!format.isShard(name) || !directory.equals(shard.getParent())) {
        throw new CorruptFile(
            index,
            "weight_map: %s: expected a file beside it, found %s"
                .formatted(entry.getKey(), entry.getValue()));
      }
      shardOf.put(entry.getKey(), shard);
    }
    List<Path> weights = shardOf.values().stream().distinct().sorted().toList();
    requireAll(index, weights);
    return new CheckpointFiles(Optional.of(directory), weights, shardOf);
  }

  private static void requireAll(Path index, List<Path> shards) {
    List<String> missing =
        shards.stream()
            .filter(shard -> !Files.exists(shard))
            .map(shard -> String.valueOf(shard.getFileName()))
            .toList();
    if (!missing.isEmpty()) {
      boolean one = missing.size() == 1;
      throw new CorruptFile(
          index,
          "names %s, which %s not there; download %s again"
              .formatted(String.join(", ", missing), one ? "is" : "are", one ? "it" : "them"));
    }
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
