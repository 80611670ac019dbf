package dev.lora4j.lora.format;

import dev.lora4j.io.TensorFile;
import dev.lora4j.lora.config.LoraConfig;
import java.nio.file.Path;

/**
 * The config and weights file of an adapter directory, read without a base and without libtorch.
 *
 * @param config the adapter's config
 * @param configFile the file of the config
 * @param weights the file that holds its tensors
 */
public record AdapterSummary(LoraConfig config, Path configFile, Path weights) {

  /**
   * Reads and checks the config of an adapter directory.
   *
   * @throws dev.lora4j.UserError if there is no adapter or it is not supported
   */
  public static AdapterSummary read(Path directory) {
    AdapterKind format = AdapterKind.ofDirectory(directory);
    LoraConfig config =
        format == AdapterKind.MLX ? MlxAdapter.config(directory) : PeftAdapter.config(directory);
    return new AdapterSummary(
        config, directory.resolve(PeftAdapter.CONFIG), format.weights(directory));
  }

  /**
   * Opens the weights file and reads its header.
   *
   * @throws dev.lora4j.UserError if there is no such file
   * @throws dev.lora4j.CorruptFile if it is damaged
   */
  public TensorFile open() {
    return PeftAdapter.open(weights);
  }

  /** Describes the target modules. */
  public String targets() {
    return config.targets().describe();
  }
}
