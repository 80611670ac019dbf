package dev.lora4j.cli.runs;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.ConfigFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.Unreadable;
import dev.lora4j.llm.metrics.RunFigures;
import dev.lora4j.llm.recipe.RunPaths;
import dev.lora4j.llm.recipe.RunRecord;
import dev.lora4j.train.RunDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Reads runs from their directories.
 *
 * @param options the option names of {@code lora train}, without dashes
 * @param paths those whose values are paths
 */
public record RunReader(Collection<String> options, Collection<String> paths) {
  private static final String SETTINGS = RunDirectory.RUN;
  private static final String OPTIONS = RunRecord.OPTIONS;

  /**
   * Settings that identify the run, its data or its steps; the comparison handles them separately.
   */
  private static final List<String> OF_THE_RUN =
      List.of("out", "steps", "adapter_parameters", "data_sha256", "base_sha256");

  /**
   * Reads the run in a directory, or else all runs in its subdirectories.
   *
   * @throws UserError if there is none
   */
  public List<RunSummary> readAll(Path directory) {
    if (isRun(directory)) {
      return List.of(read(directory));
    }
    try (Stream<Path> inside = Files.list(directory)) {
      List<RunSummary> runs = inside.filter(RunReader::isRun).sorted().map(this::read).toList();
      if (runs.isEmpty()) {
        throw new UserError(
            "no run in %s; expected an output directory of lora train, or a directory of some"
                .formatted(directory));
      }
      return runs;
    } catch (IOException e) {
      throw Unreadable.because(directory, e);
    }
  }

  private static boolean isRun(Path directory) {
    return Files.exists(directory.resolve(SETTINGS));
  }

  /** Reads a run. */
  public RunSummary read(Path directory) {
    JsonDocument recorded = JsonDocument.read(directory.resolve(SETTINGS));
    return new RunSummary(
        directory.normalize().toString(),
        settings(directory, recorded.json()),
        recorded.node("data_sha256").asText(),
        RunFigures.read(directory),
        recorded.node("steps").asLong(),
        adapterBytes(directory));
  }

  private Map<String, String> settings(Path directory, JsonNode recorded) {
    Path file = directory.resolve(OPTIONS);
    Map<String, String> settings = new LinkedHashMap<>();
    if (Files.exists(file)) {
      List<String> known = new ArrayList<>(options);
      known.add(RunPaths.KEY);
      settings.putAll(ConfigFile.read(file, known));
      if (settings.remove(RunPaths.KEY) != null) {
        RunPaths relative = new RunPaths(directory);
        paths.forEach(name -> settings.computeIfPresent(name, (n, path) -> relative.resolve(path)));
      }
      settings.remove("out");
    } else { // a run of the library
      flatten("", recorded, settings);
      settings.keySet().removeAll(OF_THE_RUN);
    }
    return settings;
  }

  private static void flatten(String prefix, JsonNode node, Map<String, String> settings) {
    node.properties()
        .forEach(
            field -> {
              if (field.getValue().isObject()) {
                flatten(prefix + field.getKey() + ".", field.getValue(), settings);
              } else {
                settings.put(
                    prefix + field.getKey(),
                    field.getValue().isValueNode()
                        ? field.getValue().asText()
                        : field.getValue().toString());
              }
            });
  }

  private static OptionalLong adapterBytes(Path directory) {
    Path file = directory.resolve("adapter_model.safetensors");
    try {
      return Files.exists(file) ? OptionalLong.of(Files.size(file)) : OptionalLong.empty();
    } catch (IOException e) {
      throw Unreadable.because(file, e);
    }
  }
}
