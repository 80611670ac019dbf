package dev.lora4j.lora;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The formats of adapter directories. The config alone decides between them: the shape of a square
 * matrix does not show whether it is transposed.
 */
enum AdapterFormat {
  PEFT {
    @Override
    LoraConfig config(Path directory) {
      return PeftAdapter.config(directory);
    }

    @Override
    Path weights(Path directory) {
      return PeftAdapter.weights(directory);
    }

    @Override
    StoredAdapter read(Path directory) {
      return PeftAdapter.read(directory);
    }
  },

  MLX {
    @Override
    LoraConfig config(Path directory) {
      return MlxAdapter.config(directory);
    }

    @Override
    Path weights(Path directory) {
      return directory.resolve(MlxAdapter.WEIGHTS);
    }

    @Override
    StoredAdapter read(Path directory) {
      return MlxAdapter.read(directory);
    }
  };

  abstract LoraConfig config(Path directory);

  abstract Path weights(Path directory);

  abstract StoredAdapter read(Path directory);

  /**
   * Returns the format of a directory.
   *
   * @throws UserError if there is no config
   */
  static AdapterFormat of(Path directory) {
    Path file = directory.resolve(PeftAdapter.CONFIG);
    JsonDocument config = json(file, directory);
    boolean ofMlx = config.isPresent("fine_tune_type") || config.isPresent("lora_parameters");
    return ofMlx && !config.isPresent("peft_type") ? MLX : PEFT;
  }

  static JsonDocument json(Path file, Path directory) {
    try {
      return JsonDocument.parse(file, Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UserError("no adapter in " + directory + ": can't read " + file.getFileName(), e);
    }
  }
}
