package dev.lora4j.lora.format;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.lora.config.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The formats of adapter directories. The config alone decides between them: the shape of a square
 * matrix does not show whether it is transposed.
 */
public enum AdapterFormat {
  PEFT {
    @Override
    LoraConfig config(Path directory) {
      return PeftAdapter.config(directory);
    }

    @Override
    public Path weights(Path directory) {
      return PeftAdapter.weights(directory);
    }

    @Override
    public StoredAdapter read(Path directory) {
      return PeftAdapter.read(directory);
    }
  },

  MLX {
    @Override
    LoraConfig config(Path directory) {
      return MlxAdapter.config(directory);
    }

    @Override
    public Path weights(Path directory) {
      return directory.resolve(MlxAdapter.WEIGHTS);
    }

    @Override
    public StoredAdapter read(Path directory) {
      return MlxAdapter.read(directory);
    }
  };

  abstract LoraConfig config(Path directory);

  public abstract Path weights(Path directory);

  public abstract StoredAdapter read(Path directory);

  /**
   * Returns the format of a directory.
   *
   * @throws UserError if there is no config
   */
  public static AdapterFormat of(Path directory) {
    Path file = directory.resolve(PeftAdapter.CONFIG);
    JsonDocument config = json(file, directory);
    boolean ofMlx = config.isPresent("fine_tune_type") || config.isPresent("lora_parameters");
    return ofMlx && !config.isPresent("peft_type") ? MLX : PEFT;
  }

  static JsonDocument json(Path file, Path directory) {
    try {
      return JsonDocument.parse(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserError(
          "no adapter in %s: can't read %s%s"
              .formatted(directory, file.getFileName(), PeftAdapter.below(directory)),
          e);
    }
  }
}
