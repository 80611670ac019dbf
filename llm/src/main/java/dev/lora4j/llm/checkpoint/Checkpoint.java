package dev.lora4j.llm.checkpoint;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorForm;
import dev.lora4j.llm.weights.BitsAndBytesConfig;
import dev.lora4j.llm.weights.BitsAndBytesFile;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.quant.HalfWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * The tensors of a saved model: one safetensors file or {@code torch.save} state dict, or a Hugging
 * Face directory, in one file or in shards. Loading, merging, exporting and listing all read
 * through this class.
 */
public final class Checkpoint implements WeightFile {
  private final Path path;
  private final CheckpointFiles files;
  private final Optional<ModelConfig> config;
  private final List<TensorFile> open;
  private final Map<String, TensorFile> fileOf = new LinkedHashMap<>();
  private final Map<String, TensorForm> forms = new LinkedHashMap<>();

  private Checkpoint(Path path, CheckpointFiles files, List<TensorFile> open) {
    this.path = path;
    this.files = files;
    this.open = open;
    config = files.directory().flatMap(ModelConfig::in);
    open.forEach(this::add);
    checkIndex();
  }

  /**
   * Opens a saved model.
   *
   * @throws UserError if there is none, or its format is not supported
   * @throws CorruptFile if a file is damaged, a shard is missing, or the index and the shards
   *     disagree
   */
  public static Checkpoint open(Path path) {
    CheckpointFiles files = CheckpointFiles.at(path);
    List<TensorFile> open = new ArrayList<>();
    try {
      files.weights().forEach(file -> open.add(WeightFormat.open(file)));
      return new Checkpoint(path, files, open);
    } catch (RuntimeException | Error e) {
      open.forEach(TensorFile::close);
      throw e;
    }
  }

  private void add(TensorFile file) {
    for (String name : file.names()) {
      Path expected = files.shardOf().getOrDefault(name, file.path());
      TensorFile other = fileOf.get(name);
      if (other != null) {
        throw wrong(file.path(), name, "is also in " + other.path().getFileName());
      }
      if (!expected.equals(file.path())) {
        throw wrong(file.path(), name, "the index expects it in " + expected.getFileName());
      }
      fileOf.put(name, file);
      forms.put(name, file.form(name));
    }
  }

  private void checkIndex() {
    files
        .shardOf()
        .forEach(
            (name, shard) -> {
              if (!forms.containsKey(name)) {
                throw wrong(shard, name, "missing, though the index expects it here");
              }
            });
  }

  private static CorruptFile wrong(Path file, String name, String problem) {
    return new CorruptFile(file, "key " + name + ": " + problem);
  }

  @Override
  public Path path() {
    return path;
  }

  /** Returns the directory around the weights; empty for a single file. */
  public Optional<Path> directory() {
    return files.directory();
  }

  public Optional<ModelConfig> config() {
    return config;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(forms.keySet());
  }

  /** Returns the dtype and shape of each tensor, by name. */
  public Map<String, TensorForm> infos() {
    return Collections.unmodifiableMap(forms);
  }

  public long parameters() {
    return forms.values().stream().mapToLong(TensorForm::elements).sum();
  }

  public long bytes() {
    return forms.values().stream().mapToLong(TensorForm::bytes).sum();
  }

  @Override
  public DType dtype(String name) {
    return fileOf(name).dtype(name);
  }

  @Override
  public List<Long> shape(String name) {
    return fileOf(name).shape(name);
  }

  @Override
  public Tensor read(String name) {
    return fileOf(name).read(name);
  }

  @Override
  public Optional<Tensor> map(String name) {
    return fileOf(name).map(name);
  }

  /** Returns empty: its tensors are as the files have them; see {@link #weights}. */
  @Override
  public Optional<String> quantization() {
    return Optional.empty();
  }

  @Override
  public boolean isQuantized(String name) {
    return false;
  }

  /** Returns a matrix in half precision, mapped where its format allows it. */
  @Override
  public Optional<WeightStore> store(String name, boolean transposed) {
    DType dtype = dtype(name);
    boolean half = dtype == DType.F16 || dtype == DType.BF16;
    return half && !transposed && shape(name).size() == 2
        ? Optional.of(new HalfWeights(Parameter.frozen(mapOrRead(name))))
        : Optional.empty();
  }

  /**
   * Opens the weights of a model, quantised or not.
   *
   * @param config its {@code config.json}
   * @throws UserError if they are quantised in a way that is not supported
   * @throws CorruptFile also if the tensors of a quantised weight do not belong together
   */
  public static WeightFile weights(Path path, JsonDocument config) {
    Optional<BitsAndBytesConfig> quantized = BitsAndBytesConfig.in(config);
    Checkpoint checkpoint = open(path);
    if (quantized.isEmpty()) {
      return checkpoint;
    }
    try {
      return new BitsAndBytesFile(
          checkpoint, quantized.get(), LayerKinds.transposedWeights(checkpoint.config()));
    } catch (RuntimeException | Error e) {
      checkpoint.close();
      throw e;
    }
  }

  private TensorFile fileOf(String name) {
    TensorFile file = fileOf.get(name);
    if (file == null) {
      throw new UserError(
          "%s has no tensor %s%s"
              .formatted(path, name, NearMiss.hint(name, NearMiss.nearest(name, forms.keySet()))));
    }
    return file;
  }

  /** Returns the free-text metadata of the first file's header, if its format has any. */
  public Map<String, String> metadata() {
    return open.get(0) instanceof SafetensorsFile file ? file.metadata() : Map.of();
  }

  @Override
  public void close() {
    open.forEach(TensorFile::close);
  }
}
