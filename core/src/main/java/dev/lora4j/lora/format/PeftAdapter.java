package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.torch.TorchFile;
import dev.lora4j.lora.config.ConfigReader;
import dev.lora4j.lora.config.ConfigWriter;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * A directory in PEFT's format: {@code adapter_config.json}, and {@code adapter_model.safetensors}
 * with a tensor {@code base_model.model.<path>.lora_A.weight} of {@code [rank, in]} and one {@code
 * ….lora_B.weight} of {@code [out, rank]} for each adapted layer. An {@code adapter_model.bin} is
 * read if there is no safetensors file.
 */
public final class PeftAdapter {
  public static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";
  static final String OLD_WEIGHTS = "adapter_model.bin";

  private PeftAdapter() {}

  /**
   * Reads an adapter into the caller's pointer scope, in its stored dtypes.
   *
   * @throws UserError if there is no adapter or it is not supported
   */
  public static StoredAdapter read(Path directory) {
    LoraConfig config = config(directory);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (TensorFile file = open(weights(directory))) {
      PeftKeys.of(file).forEach((key, stored) -> tensors.put(key, file.read(stored)));
      return new StoredAdapter(config, tensors, baseFingerprint(file));
    }
  }

  private static Optional<BaseFingerprint> baseFingerprint(TensorFile file) {
    return file instanceof SafetensorsFile safetensors
        ? BaseFingerprint.in(safetensors.metadata())
        : Optional.empty();
  }

  /**
   * Writes an adapter in its own dtypes.
   *
   * @return the number of bytes written
   */
  public static long write(StoredAdapter adapter, Path directory) {
    return write(directory, ConfigWriter.write(adapter.config(), adapter.paths(), false), adapter);
  }

  public static long write(Path directory, byte[] config, StoredAdapter adapter) {
    Path weights = directory.resolve(WEIGHTS);
    Map<String, Tensor> named = new LinkedHashMap<>();
    adapter.tensors().forEach((key, tensor) -> named.put(PeftKeys.inFile(key), tensor));
    Map<String, String> metadata = new LinkedHashMap<>();
    adapter.baseFingerprint().ifPresent(base -> metadata.putAll(base.metadata()));
    metadata.put("format", "pt");
    SafetensorsWriter.write(weights, named, metadata);
    AtomicFile.write(directory.resolve(CONFIG), config);
    return weights.toFile().length() + config.length;
  }

  static LoraConfig config(Path directory) {
    Path file = directory.resolve(CONFIG);
    if (!Files.exists(file)) {
      throw new UserError(
          "no adapter in " + directory + ": can't read " + CONFIG + below(directory));
    }
    return ConfigReader.read(file);
  }

  /** Names the adapters that are one folder deeper, where trainers and PEFT put several. */
  static String below(Path directory) {
    if (!Files.isDirectory(directory)) {
      return "";
    }
    try (Stream<Path> folders = Files.list(directory)) {
      List<String> found =
          folders
              .filter(folder -> Files.isRegularFile(folder.resolve(CONFIG)))
              .map(Path::toString)
              .sorted()
              .toList();
      return switch (found.size()) {
        case 0 -> "";
        case 1 -> "; there is one in " + found.get(0);
        default -> "; there are some in " + String.join(", ", found);
      };
    } catch (IOException e) {
      return "";
    }
  }

  /** Returns the weights file, preferring safetensors. */
  static Path weights(Path directory) {
    Path weights = directory.resolve(WEIGHTS);
    Path old = directory.resolve(OLD_WEIGHTS);
    if (!Files.isRegularFile(weights) && !Files.isRegularFile(old)) {
      throw new UserError("no " + WEIGHTS + " in " + directory);
    }
    return Files.isRegularFile(weights) ? weights : old;
  }

  static TensorFile open(Path weights) {
    return weights.endsWith(OLD_WEIGHTS) ? TorchFile.open(weights) : SafetensorsFile.open(weights);
  }
}
