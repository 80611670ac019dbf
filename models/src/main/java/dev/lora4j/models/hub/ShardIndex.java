package dev.lora4j.models.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Which files a checkpoint is cut into: the values of {@code weight_map} in its index. */
final class ShardIndex {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long LONGEST = 64 << 20;
  private static final Pattern SHARD = Pattern.compile("\\w[\\w.-]*\\.(safetensors|bin)");

  private ShardIndex() {}

  /**
   * The names, each once.
   *
   * @throws CorruptFile for a file that is no index, or that names what is no file beside it
   */
  static Set<String> shards(Path index) {
    JsonNode map = read(index).path("weight_map");
    Set<String> names = new TreeSet<>();
    for (JsonNode name : map) {
      if (!SHARD.matcher(name.asText()).matches()) {
        throw new CorruptFile(
            index, "weight_map names \"" + name.asText() + "\", which is no shard");
      }
      names.add(name.asText());
    }
    if (!map.isObject() || names.isEmpty()) {
      throw new CorruptFile(index, "expected weight_map, an object that names files, found none");
    }
    return names;
  }

  private static JsonNode read(Path index) {
    try {
      if (Files.size(index) > LONGEST) {
        throw new CorruptFile(
            index, "expected at most " + LONGEST + " bytes, found " + Files.size(index));
      }
      return JSON.readTree(Files.readAllBytes(index));
    } catch (JsonProcessingException e) {
      throw new CorruptFile(index, "not valid JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new CorruptFile(index, "cannot be read: " + e.getMessage(), e);
    }
  }
}
