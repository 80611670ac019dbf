package dev.lora4j.io;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The index of a sharded checkpoint, {@code model.safetensors.index.json} or {@code
 * pytorch_model.bin.index.json}: the file name of each tensor's shard, sorted by tensor.
 */
public record ShardIndex(Path file, Map<String, String> shardOf) {
  /** The end of an index's file name. */
  public static final String SUFFIX = ".index.json";

  private static final int MAX_BYTES = 64 << 20;
  private static final String MAP = "weight_map";

  /**
   * Reads an index.
   *
   * @throws CorruptFile if it is no index, or names anything but files beside it of its own format
   */
  public static ShardIndex read(Path file) {
    Pattern shard = shardNames(file);
    Map<String, String> shardOf = new TreeMap<>();
    JsonDocument index = JsonDocument.parse(file, content(file));
    for (Map.Entry<String, JsonNode> entry : index.object(MAP).fields()) {
      JsonNode name = entry.getValue();
      if (!name.isTextual() || !shard.matcher(name.textValue()).matches()) {
        throw index.wrong(MAP + "." + entry.getKey(), "the name of a shard beside the index", name);
      }
      shardOf.put(entry.getKey(), name.textValue());
    }
    if (shardOf.isEmpty()) {
      throw index.wrong(MAP, "an object that maps tensors to files", index.node(MAP));
    }
    return new ShardIndex(file, shardOf);
  }

  private static byte[] content(Path file) {
    try {
      return WholeFile.read(file, MAX_BYTES);
    } catch (IOException e) {
      throw new CorruptFile(file, "cannot be read: " + e.getMessage(), e);
    }
  }

  /** Plain file names of the format in the index's own name: {@code safetensors} or {@code bin}. */
  private static Pattern shardNames(Path index) {
    String weights = String.valueOf(index.getFileName()).replace(SUFFIX, "");
    String extension = weights.substring(weights.lastIndexOf('.') + 1);
    return Pattern.compile("[^/\\\\:\\p{Cntrl}]+\\." + Pattern.quote(extension));
  }

  /** Returns the file names of all shards, sorted, each once. */
  public Set<String> shards() {
    return new TreeSet<>(shardOf.values());
  }
}
