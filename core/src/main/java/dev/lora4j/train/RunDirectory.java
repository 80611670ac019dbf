package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.ClusterLease;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.ProcessLock;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TemporaryPath;
import dev.lora4j.io.Unreadable;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The directory of a run. {@code run.json} records the settings; {@code checkpoint-<step>} holds
 * the adapter with the training state; the final adapter is in the directory itself.
 */
public record RunDirectory(Path path) {
  /** The record of a run's settings, which every run has. */
  public static final String RUN = "run.json";

  /** The weights of the final adapter, and of a checkpoint's. */
  public static final String WEIGHTS = "adapter_model.safetensors";

  private static final String STATE = "training_state.safetensors";
  private static final String PROGRESS = "training.json";
  private static final List<String> ADAPTER = List.of(WEIGHTS, "adapter_config.json");
  private static final Pattern CHECKPOINT = Pattern.compile("checkpoint-(\\d{1,18})");
  private static final String LOCK = ".lock";

  // ---- start ----

  /**
   * Takes the directory for this process. A cluster's lease that has expired ends.
   *
   * @throws UserError if another process or a cluster is training there
   */
  public ProcessLock lock() {
    try {
      Files.createDirectories(path);
      ProcessLock lock = processLock();
      try {
        new ClusterLease(path).takeOver();
        return lock;
      } catch (IOException | RuntimeException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw AtomicFile.explained(path, e);
    }
  }

  private ProcessLock processLock() throws IOException {
    return ProcessLock.tryTake(path.resolve(LOCK)).orElseThrow(this::inUse);
  }

  /**
   * Refuses a directory in which another process or a cluster is training.
   *
   * @throws UserError naming that process or run
   */
  public void requireUnused() {
    try {
      if (Files.exists(path.resolve(LOCK))) {
        processLock().close();
      }
      new ClusterLease(path).requireFree();
    } catch (IOException e) {
      throw AtomicFile.explained(path, e);
    }
  }

  /**
   * Starts a run, or resumes it from its last checkpoint.
   *
   * @return the state to continue from
   * @throws UserError if the directory of a new run holds a run, a checkpoint or an adapter, or the
   *     settings of a resumed run are not those of its start
   */
  public CheckpointState open(
      boolean resumed, RunSettings settings, DataParallelGradients gradients) {
    if (!resumed) {
      start(settings);
      return CheckpointState.START;
    }
    resume(settings);
    OptionalLong last = last();
    return last.isPresent() ? read(last.getAsLong(), gradients) : CheckpointState.START;
  }

  private UserError inUse() {
    return new UserError(
        "%s is in use: %s is training there; wait for its end, or choose another directory"
            .formatted(path, ProcessLock.holder(path.resolve(LOCK))));
  }

  /**
   * Records the settings of a new run.
   *
   * @throws UserError if the directory holds a run, a checkpoint or an adapter
   */
  private void start(RunSettings settings) {
    if (Files.exists(path.resolve(RUN))) {
      throw new UserError(path + " already holds a run: resume it, or choose another directory");
    }
    if (Files.isDirectory(path)) {
      entries().stream()
          .map(entry -> entry.getFileName().toString())
          .filter(name -> ADAPTER.contains(name) || step(name).isPresent())
          .findFirst()
          .ifPresent(
              name -> {
                throw new UserError(path + " already holds " + name + "; choose another directory");
              });
    }
    TemporaryPath.sweep(path);
    AtomicFile.write(path.resolve(RUN), JsonDocument.bytes(settings.json()));
  }

  /**
   * Checks that the settings are those of the run and removes unfinished checkpoints.
   *
   * @throws UserError naming every difference, or if there is no run
   */
  private void resume(RunSettings settings) {
    Path file = path.resolve(RUN);
    if (!Files.exists(file)) {
      throw new UserError(
          ("no run to resume in %s: there is no %s, which records the settings of a run; start a"
                  + " new run in another directory")
              .formatted(path, RUN));
    }
    List<String> differences = settings.differences(JsonDocument.read(file).json());
    if (!differences.isEmpty()) {
      throw new UserError(
          "the run in %s can't resume: other settings than at its start\n  %s"
              .formatted(path, String.join("\n  ", differences)));
    }
    TemporaryPath.sweep(path);
  }

  // ---- checkpoints ----

  /** Returns the step of a checkpoint by the name of its directory; empty for another name. */
  public static OptionalLong step(String name) {
    Matcher checkpoint = CHECKPOINT.matcher(name);
    return checkpoint.matches()
        ? OptionalLong.of(Long.parseLong(checkpoint.group(1)))
        : OptionalLong.empty();
  }

  /** Returns the directory of a checkpoint. */
  public Path checkpoint(long step) {
    return path.resolve("checkpoint-" + step);
  }

  /** Returns the step of the last checkpoint. */
  public OptionalLong last() {
    return checkpoints().stream().mapToLong(Long::longValue).max();
  }

  /** Returns a note on the last checkpoint, for an error message. */
  public String note() {
    OptionalLong last = last();
    return last.isPresent()
        ? "the last checkpoint is " + checkpoint(last.getAsLong())
        : "there is no checkpoint yet";
  }

  private List<Long> checkpoints() {
    return entries().stream()
        .flatMapToLong(entry -> step(entry.getFileName().toString()).stream())
        .boxed()
        .toList();
  }

  private List<Path> entries() {
    try (Stream<Path> entries = Files.list(path)) {
      return entries.toList();
    } catch (IOException e) {
      throw Unreadable.because(path, e);
    }
  }

  /**
   * Writes a checkpoint and removes all others but the best.
   *
   * @param save writes the adapter into a directory
   */
  public Path write(Consumer<Path> save, DataParallelGradients gradients, CheckpointState state) {
    Path target = checkpoint(state.step());
    AtomicDirectory.write(
        target,
        unfinished -> {
          save.accept(unfinished);
          try (PointerScope scope = new PointerScope()) {
            SafetensorsWriter.write(unfinished.resolve(STATE), gradients.state(), Map.of());
          }
          AtomicFile.write(unfinished.resolve(PROGRESS), state.json());
        });
    removeOthers(state);
    return target;
  }

  private void removeOthers(CheckpointState state) {
    checkpoints().stream()
        .filter(step -> step < state.step() && step != state.bestStep())
        .forEach(step -> TemporaryPath.discard(checkpoint(step)));
  }

  /** Reads the state of a checkpoint and restores parameters and optimizer. */
  private CheckpointState read(long step, DataParallelGradients gradients) {
    Path from = checkpoint(step);
    CheckpointState state = CheckpointState.of(JsonDocument.read(from.resolve(PROGRESS)));
    try (PointerScope scope = new PointerScope();
        SafetensorsFile file = SafetensorsFile.open(from.resolve(STATE))) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      file.names().forEach(name -> tensors.put(name, file.read(name)));
      gradients.restore(tensors);
    }
    removeOthers(state); // a killed run may not have come to it
    return state;
  }

  /**
   * Publishes a checkpoint's adapter as the run's own.
   *
   * @return its size in bytes
   */
  public long publish(long step) {
    long bytes = 0;
    for (String name : ADAPTER) {
      Path source = checkpoint(step).resolve(name);
      AtomicFile.write(
          path.resolve(name), out -> Files.copy(source, Channels.newOutputStream(out)));
      bytes += source.toFile().length();
    }
    return bytes;
  }
}
