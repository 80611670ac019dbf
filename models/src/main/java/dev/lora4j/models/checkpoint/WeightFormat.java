package dev.lora4j.models.checkpoint;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.torch.TorchFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A form in which a directory of Hugging Face's holds its weights, the one that is preferred first.
 */
enum WeightFormat {
  SAFETENSORS("model.safetensors", ".safetensors"),
  /** What {@code torch.save} writes; its pickle is read, and never run. */
  TORCH("pytorch_model.bin", ".bin");

  private static final List<String> ENDS_OF_TORCH = List.of(TORCH.suffix, ".pt", ".pth");

  private final String single;
  private final String suffix;

  WeightFormat(String single, String suffix) {
    this.single = single;
    this.suffix = suffix;
  }

  /** The file of all weights. */
  String single() {
    return single;
  }

  /** The file that says which weight lies in which shard. */
  String index() {
    return single + ".index.json";
  }

  /** The form in which a directory has its weights, whole or in shards. */
  static Optional<WeightFormat> in(Path directory) {
    return Arrays.stream(values())
        .filter(
            format ->
                Files.exists(directory.resolve(format.single()))
                    || Files.exists(directory.resolve(format.index())))
        .findFirst();
  }

  /** Whether a file may be a shard of this form, by its name. */
  boolean isShard(String name) {
    return name.endsWith(suffix);
  }

  /** Whether a file may be PyTorch's, by its name. */
  static boolean isTorch(String name) {
    return ENDS_OF_TORCH.stream().anyMatch(name::endsWith);
  }

  /**
   * Opens a file of weights: PyTorch's by the end of its name, all others as safetensors.
   *
   * @throws UserError if there is none, or it asks for anything but tensors
   * @throws CorruptFile if it is damaged
   */
  static TensorFile open(Path file) {
    return isTorch(file.toString()) ? TorchFile.open(file) : SafetensorsFile.open(file);
  }
}
