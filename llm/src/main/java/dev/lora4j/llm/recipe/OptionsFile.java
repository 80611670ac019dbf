package dev.lora4j.llm.recipe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.AtomicFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;

/** Writes the options of a command as a YAML file for {@code --config}. */
public final class OptionsFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  private OptionsFile() {}

  /**
   * Writes options by name; paths are written relative to the file.
   *
   * @param file in an existing directory
   * @param comment the first line
   */
  public static void write(Path file, String comment, Map<String, Object> options) {
    RunPaths paths = RunPaths.in(file);
    StringBuilder yaml = new StringBuilder("# " + comment + "\n");
    yaml.append(RunPaths.KEY).append(": ").append(RunPaths.FILE).append('\n');
    options.forEach(
        (key, value) -> {
          Object written = value instanceof Path path ? paths.relative(path) : value;
          yaml.append(key).append(": ").append(text(written)).append('\n');
        });
    AtomicFile.write(file, yaml.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** JSON strings and lists are valid YAML. */
  private static String text(Object value) {
    boolean plain = value instanceof Number || value instanceof Boolean;
    try {
      return plain
          ? value.toString()
          : JSON.writeValueAsString(value instanceof Collection<?> ? value : value.toString());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write the value", e);
    }
  }
}
