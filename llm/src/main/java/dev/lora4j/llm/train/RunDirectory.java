package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.checkpoint.CheckpointFiles;
import dev.lora4j.train.DataParallelGradients;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
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
 * The directory of a run. {@code run.json} records the settings; {@code checkpoint-<step>} holds
 * the adapter in PEFT's format with the training state for exact resuming; the final adapter is in
 * the directory itself. A checkpoint is written atomically.
 */
record RunDirectory(Path path) {
  private static final String RUN = "run.json";
  private static final String STATE = "training_state.safetensors";
  private static final String PROGRESS = "training.json";
  private static final List<String> ADAPTER =
      List.of("adapter_model.safetensors", "adapter_config.json");
  private static final Pattern CHECKPOINT = Pattern.compile("checkpoint-(\\d{1,18})");
  private static final String UNFINISHED = ".checkpoint-"; // AtomicDirectory's prefix

  // ---- start ----

  /**
   * Records the settings of a new run.
   *
   * @throws UserError if the directory holds a run, a checkpoint or an adapter
   */
  void start(RunSettings settings) {
    if (Files.exists(path.resolve(RUN))) {
      throw new UserError(path + " already holds a run: resume it, or choose another directory");
    }
    if (Files.isDirectory(path)) {
      entries().stream()
          .map(entry -> entry.getFileName().toString())
          .filter(name -> ADAPTER.contains(name) || CHECKPOINT.matcher(name).matches())
          .findFirst()
          .ifPresent(
              name -> {
                throw new UserError(path + " already holds " + name + "; choose another directory");
              });
    }
    AtomicFile.write(path.resolve(RUN), JsonDocument.bytes(settings.json()));
  }

  /**
   * Checks that the settings are those of the run and removes unfinished checkpoints.
   *
   * @throws UserError naming every difference, or if there is no run
   */
  void resume(RunSettings settings) {
    Path file = path.resolve(RUN);
    if (!Files.exists(file)) {
      throw new UserError("no run to resume in " + path + ": there is no " + RUN);
    }
    List<String> differences = settings.differences(JsonDocument.read(file).json());
    if (!differences.isEmpty()) {
      throw new UserError(
          "the run in %s can't resume: other settings than at its start\n  %s"
              .formatted(path, String.join("\n  ", differences)));
    }
    entries().stream()
        .filter(entry -> entry.getFileName().toString().startsWith(UNFINISHED))
        .forEach(RunDirectory::delete);
  }

  // ---- checkpoints ----

  Path checkpoint(long step) {
    return path.resolve("checkpoint-" + step);
  }

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
    try (Stream<Path> entries = Files.list(path)) {
      return entries.toList();
    } catch (IOException e) {
      throw new UserError("cannot read " + path + ": " + e, e);
    }
  }

  /** Writes a checkpoint and removes all others but the best. */
  Path write(TrainingJob request, DataParallelGradients gradients, CheckpointState state) {
    Path target = checkpoint(state.step());
    AtomicDirectory.write(
        target,
        unfinished -> {
          request.model().save(request.adapter(), unfinished);
          try (PointerScope scope = new PointerScope()) {
            SafetensorsWriter.write(unfinished.resolve(STATE), gradients.state(), Map.of());
          }
          AtomicFile.write(unfinished.resolve(PROGRESS), state.json());
        });
    checkpoints().stream()
        .filter(step -> step < state.step() && step != state.bestStep())
        .forEach(step -> delete(checkpoint(step)));
    return target;
  }

  CheckpointState read(long step, DataParallelGradients gradients) {
    Path from = checkpoint(step);
    CheckpointState state = CheckpointState.of(JsonDocument.read(from.resolve(PROGRESS)));
    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(from.resolve(STATE))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file.read(name)));
      gradients.restore(tensors);
    }
    return state;
  }

  /**
   * Publishes a checkpoint's adapter as the run's own.
   *
   * @return its size in bytes
   */
  long publish(long step) {
    long bytes = 0;
    for (String name : ADAPTER) {
      Path source = checkpoint(step).resolve(name);
      AtomicFile.write(
          path.resolve(name), out -> Files.copy(source, Channels.newOutputStream(out)));
      bytes += CheckpointFiles.bytes(source);
    }
    return bytes;
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
