package dev.lora4j.models.checkpoint;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorForm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The tensors of a saved model: one safetensors file or state dict of {@code torch.save}, a Hugging
 * Face directory, or one whose weights are split over files by an index. Opening reads headers only
 * and needs no native library; tensors are read, or mapped, one by one.
 */
public final class Checkpoint implements AutoCloseable {
  private final Path path;
  private final CheckpointFiles files;
  private final Optional<ModelConfig> config;
  private final List<TensorFile> open;
  private final Map<String, TensorFile> fileOf = new LinkedHashMap<>();
  private final Map<String, TensorForm> infos = new LinkedHashMap<>();

  private Checkpoint(Path path, CheckpointFiles files, List<TensorFile> open) {
    this.path = path;
    this.files = files;
    this.open = open;
    config = files.directory().flatMap(ModelConfig::in);
    open.forEach(this::take);
    checkIndex();
  }

  /**
   * Opens a saved model.
   *
   * @throws UserError if there is none, or one of a format that is not read
   * @throws CorruptFile if a file is damaged or missing
   */
  public static Checkpoint open(Path path) {
    CheckpointFiles files = CheckpointFiles.at(path);
    List<TensorFile> open = new ArrayList<>();
    boolean opened = false;
    try {
      files.weights().forEach(file -> open.add(WeightFormat.open(file)));
      Checkpoint checkpoint = new Checkpoint(path, files, open);
      opened = true;
      return checkpoint;
    } finally {
      if (!opened) {
        open.forEach(TensorFile::close);
      }
    }
  }

  private void take(TensorFile file) {
    file.names()
        .forEach(
            name -> {
              Path expected = files.shardOf().getOrDefault(name, file.path());
              TensorFile other = fileOf.get(name);
              if (other != null) {
                throw new CorruptFile(
                    file.path(), "key " + name + ": is also in " + other.path().getFileName());
              }
              if (!expected.equals(file.path())) {
                throw new CorruptFile(
                    file.path(),
                    "key " + name + ": the index expects it in " + expected.getFileName());
              }
              fileOf.put(name, file);
              infos.put(name, file.form(name));
            });
  }

  private void checkIndex() {
    files
        .shardOf()
        .forEach(
            (name, shard) -> {
              if (!infos.containsKey(name)) {
                throw new CorruptFile(
                    shard, "key " + name + ": the index expects it here, and it is not there");
              }
            });
  }

  /** The file or directory. */
  public Path path() {
    return path;
  }

  /** What the files say of each tensor, by name. */
  public Map<String, TensorForm> infos() {
    return Collections.unmodifiableMap(infos);
  }

  /** The directory around the weights; empty for a file on its own. */
  public Optional<Path> directory() {
    return files.directory();
  }

  Optional<ModelConfig> config() {
    return config;
  }

  /** Number of elements of all tensors. */
  public long parameters() {
    return infos.values().stream().mapToLong(TensorForm::elements).sum();
  }

  /** Length of all tensors' data in bytes. */
  public long bytes() {
    return infos.values().stream().mapToLong(TensorForm::bytes).sum();
  }

  /** A tensor's content, as a new CPU tensor that belongs to the caller's pointer scope. */
  public Tensor read(String name) {
    return fileOf(name).read(name);
  }

  /**
   * A tensor over the file's own pages, which belongs to the caller's pointer scope and is good for
   * as long as this checkpoint is reachable.
   */
  public Tensor map(String name) {
    TensorFile file = fileOf(name);
    return file.map(name).orElseGet(() -> file.read(name));
  }

  private TensorFile fileOf(String name) {
    TensorFile file = fileOf.get(name);
    if (file == null) {
      throw new UserError(
          path
              + " has no tensor "
              + name
              + NearMiss.hint(name, NearMiss.nearest(name, infos.keySet())));
    }
    return file;
  }

  /** The free text of the first file's header, if its kind has such. */
  Map<String, String> metadata() {
    return open.get(0) instanceof SafetensorsFile file ? file.metadata() : Map.of();
  }

  /** Closes the files. */
  @Override
  public void close() {
    open.forEach(TensorFile::close);
  }
}
