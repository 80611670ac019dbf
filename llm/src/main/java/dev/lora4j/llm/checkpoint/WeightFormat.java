package dev.lora4j.llm.checkpoint;

import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.torch.TorchFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The weight formats of a Hugging Face directory, in order of preference. */
enum WeightFormat {
  SAFETENSORS("model.safetensors", ".safetensors"),
  /** The format of {@code torch.save}; its pickle is parsed and never executed. */
  TORCH("pytorch_model.bin", ".bin");

  private static final List<String> ENDS_OF_TORCH = List.of(TORCH.suffix, ".pt", ".pth");

  private final String single;
  private final String suffix;

  WeightFormat(String single, String suffix) {
    this.single = single;
    this.suffix = suffix;
  }

  String single() {
    return single;
  }

  String index() {
    return single + ".index.json";
  }

  /** Returns the format of a directory's weights, in one file or in shards. */
  static Optional<WeightFormat> in(Path directory) {
    return Arrays.stream(values())
        .filter(
            format ->
                Files.exists(directory.resolve(format.single()))
                    || Files.exists(directory.resolve(format.index())))
        .findFirst();
  }

  /** Returns whether a file name fits this format. */
  boolean isShard(String name) {
    return name.endsWith(suffix);
  }

  /** Returns whether a file name fits PyTorch's format. */
  static boolean isTorch(String name) {
    return ENDS_OF_TORCH.stream().anyMatch(name::endsWith);
  }

  /** Opens a weight file: PyTorch's by the end of its name, all others as safetensors. */
  static TensorFile open(Path file) {
    return isTorch(file.toString()) ? TorchFile.open(file) : SafetensorsFile.open(file);
  }
}
