package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.config.LoraConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A directory in <a href="https://github.com/ml-explore/mlx-lm">mlx-lm</a>'s format: {@code
 * adapter_config.json}, and {@code adapters.safetensors} with a {@code <path>.lora_a} of {@code
 * [in, rank]} and a {@code <path>.lora_b} of {@code [rank, out]} for each adapted layer, and for
 * DoRA a {@code <path>.m} of {@code [out]}.
 *
 * <p>Unlike PEFT's format, the matrices are transposed, and all layers share one rank and one
 * {@code scale}, which is not divided by the rank. Layers have their Hugging Face names.
 */
final class MlxAdapter {
  static final String WEIGHTS = "adapters.safetensors";
  private static final String FORMAT = "mlx-lm's format";

  private MlxAdapter() {}

  /**
   * Reads an adapter into the caller's pointer scope.
   *
   * @throws UserError if there is no adapter or it is not supported
   */
  public static StoredAdapter read(Path directory) {
    try (SafetensorsFile file = open(directory)) {
      MlxConfig mlx = MlxConfig.read(directory);
      MlxLayers layers = MlxLayers.of(file, mlx);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (String path : layers.paths()) {
        tensors.put(path + StoredAdapter.A, transposed(file.read(path + MlxLayers.A)));
        tensors.put(path + StoredAdapter.B, transposed(file.read(path + MlxLayers.B)));
        if (mlx.dora()) {
          tensors.put(path + StoredAdapter.MAGNITUDE, file.read(path + MlxLayers.MAGNITUDE));
        }
      }
      return new StoredAdapter(layers.config(), tensors);
    }
  }

  static LoraConfig config(Path directory) {
    try (SafetensorsFile file = open(directory)) {
      return MlxLayers.of(file, MlxConfig.read(directory)).config();
    }
  }

  private static SafetensorsFile open(Path directory) {
    Path weights = directory.resolve(WEIGHTS);
    if (!Files.isRegularFile(weights)) {
      throw new UserError("no " + WEIGHTS + " in " + directory);
    }
    return SafetensorsFile.open(weights);
  }

  /**
   * Writes an adapter in one dtype, or in its own dtypes if that is empty. Smaller ranks are padded
   * with zeros to the largest, and scalings that differ between layers are folded into B; each
   * layer's delta stays the same.
   *
   * @return the number of bytes written
   * @throws UserError if the format can't express the adapter; the message lists all reasons
   */
  static long write(StoredAdapter adapter, Path directory, Optional<DType> dtype) {
    try (PointerScope scope = new PointerScope()) {
      List<CanonicalDelta> layers = CanonicalDelta.of(adapter, FORMAT);
      layers.forEach(layer -> MlxLayers.refuseEmbedding(layer.path()));
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      MlxConfig config = config(adapter.config(), layers);
      layers.forEach(layer -> put(layer.scaledBy(config.scale()).ofRank(config.rank()), tensors));
      Path weights = directory.resolve(WEIGHTS);
      byte[] json = config.json();
      Map<String, Tensor> written =
          dtype.map(format -> StoredAdapter.converted(tensors, format)).orElse(tensors);
      SafetensorsWriter.write(weights, written, Map.of("format", "mlx"));
      AtomicFile.write(directory.resolve(PeftAdapter.CONFIG), json);
      return weights.toFile().length() + json.length;
    }
  }

  private static MlxConfig config(LoraConfig config, List<CanonicalDelta> layers) {
    List<Double> scales = layers.stream().map(CanonicalDelta::scaling).distinct().toList();
    return new MlxConfig(
        config.dora(),
        (int) layers.stream().mapToLong(CanonicalDelta::rank).max().orElse(config.rank()),
        scales.size() == 1 ? scales.get(0) : config.scaling(),
        config.dropout(),
        layers.stream().map(CanonicalDelta::path).toList());
  }

  private static void put(CanonicalDelta layer, Map<String, Tensor> tensors) {
    tensors.put(layer.path() + MlxLayers.A, transposed(layer.a()));
    tensors.put(layer.path() + MlxLayers.B, transposed(layer.b()));
    if (layer.magnitude() != null) {
      tensors.put(layer.path() + MlxLayers.MAGNITUDE, layer.magnitude());
    }
  }

  private static Tensor transposed(Tensor matrix) {
    return matrix.detach().t().contiguous();
  }
}
