package dev.lora4j.models.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.models.text.JsonFile;
import dev.lora4j.train.SharedGradients;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The directory of a run: {@code run.json} says what was asked; {@code checkpoint-<step>} holds the
 * adapter as PEFT does, and beside it all that the next step depends on; the run's own adapter
 * stands in the directory itself when the run has ended. A checkpoint appears whole or not at all.
 */
final class RunDirectory {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RUN = "run.json";
  private static final String STATE = "training_state.safetensors";
  private static final String STANDING = "training.json";
  private static final List<String> ADAPTER =
      List.of("adapter_model.safetensors", "adapter_config.json");
  private static final Pattern CHECKPOINT = Pattern.compile("checkpoint-(\\d{1,18})");
  private static final String UNFINISHED = ".checkpoint-"; // as AtomicDirectory calls it

  private final Path directory;

  RunDirectory(Path directory) {
    this.directory = directory;
  }

  Path path() {
    return directory;
  }

  // ---- begin ----

  /**
   * Writes what is asked, of a new run.
   *
   * @throws UserError if a run, a checkpoint or an adapter is there already
   */
  void begin(Map<String, String> asked) {
    if (Files.exists(directory.resolve(RUN))) {
      throw new UserError(
          directory + " holds a run already: resume it, or choose another directory");
    }
    if (Files.isDirectory(directory)) {
      entries().stream()
          .map(entry -> entry.getFileName().toString())
          .filter(name -> ADAPTER.contains(name) || CHECKPOINT.matcher(name).matches())
          .findFirst()
          .ifPresent(
              name -> {
                throw new UserError(
                    directory + " holds " + name + " already; choose another directory");
              });
    }
    ObjectNode json = JSON.createObjectNode();
    asked.forEach(json::put);
    AtomicFile.write(
        directory.resolve(RUN), json.toPrettyString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Checks that the same is asked as when the run began, and tidies up.
   *
   * @throws UserError naming all that differs, or if there is no run
   */
  void goOn(Map<String, String> asked) {
    Path file = directory.resolve(RUN);
    if (!Files.exists(file)) {
      throw new UserError("no run to resume in " + directory + ": there is no " + RUN);
    }
    JsonNode then = JsonFile.read(file);
    List<String> differences = new ArrayList<>();
    asked.forEach(
        (name, now) -> {
          String before = then.path(name).asText("nothing");
          if (!before.equals(now)) {
            differences.add("%s: %s then, %s now".formatted(name, before, now));
          }
        });
    if (!differences.isEmpty()) {
      throw new UserError(
          "the run in %s can't go on bit for bit, since it was asked otherwise:\n  %s"
              .formatted(directory, String.join("\n  ", differences)));
    }
    entries().stream()
        .filter(entry -> entry.getFileName().toString().startsWith(UNFINISHED))
        .forEach(RunDirectory::delete);
  }

  // ---- checkpoints ----

  Path checkpoint(long step) {
    return directory.resolve("checkpoint-" + step);
  }

  /** The last checkpoint's step. */
  OptionalLong last() {
    return checkpoints().stream().mapToLong(Long::longValue).max();
  }

  private List<Long> checkpoints() {
    return entries().stream()
        .map(entry -> CHECKPOINT.matcher(entry.getFileName().toString()))
        .filter(Matcher::matches)
        .map(name -> Long.valueOf(name.group(1)))
        .toList();
  }

  private List<Path> entries() {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    } catch (IOException e) {
      throw new UserError("cannot read " + directory + ": " + e, e);
    }
  }

  /** Writes a checkpoint, and takes away those that are neither the last nor the best. */
  Path write(TuningRequest request, SharedGradients gradients, RunState state) {
    Path target = checkpoint(state.step());
    AtomicDirectory.write(
        target,
        unfinished -> {
          request.model().save(request.adapter(), unfinished);
          try (PointerScope scope = new PointerScope()) {
            SafetensorsWriter.write(unfinished.resolve(STATE), gradients.state(), Map.of());
          }
          AtomicFile.write(unfinished.resolve(STANDING), state.json());
        });
    checkpoints().stream()
        .filter(step -> step < state.step() && step != state.bestStep())
        .forEach(step -> delete(checkpoint(step)));
    return target;
  }

  /** Puts the run back to where a checkpoint left it. */
  RunState read(long step, SharedGradients gradients) {
    Path from = checkpoint(step);
    Path standing = from.resolve(STANDING);
    RunState state = RunState.of(standing, JsonFile.read(standing));
    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(from.resolve(STATE))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file.read(name)));
      gradients.restore(tensors);
    }
    return state;
  }

  /**
   * Makes a checkpoint's adapter the run's own.
   *
   * @return its size in bytes
   */
  long publish(long step) {
    long bytes = 0;
    for (String name : ADAPTER) {
      Path source = checkpoint(step).resolve(name);
      AtomicFile.write(
          directory.resolve(name), out -> Files.copy(source, Channels.newOutputStream(out)));
      bytes += size(source);
    }
    return bytes;
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UserError("cannot read " + file + ": " + e, e);
    }
  }

  private static void delete(Path tree) {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> inside = Files.walk(tree)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UserError("cannot delete " + tree + ": " + e, e);
    }
  }
}
