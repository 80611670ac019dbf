package dev.lora4j.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The formats of adapter directories. Which one a directory is of is said by its config, never by
 * the shapes of its tensors: a square matrix looks the same either way round.
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

  private static final ObjectMapper JSON = new ObjectMapper();

  abstract LoraConfig config(Path directory);

  abstract Path weights(Path directory);

  abstract StoredAdapter read(Path directory);

  /**
   * The format of a directory.
   *
   * @throws UserError if there is no config
   */
  static AdapterFormat of(Path directory) {
    Path file = directory.resolve(PeftAdapter.CONFIG);
    JsonNode config = json(file, directory);
    boolean ofMlx = config.has("fine_tune_type") || config.has("lora_parameters");
    return ofMlx && !config.has("peft_type") ? MLX : PEFT;
  }

  static JsonNode json(Path file, Path directory) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UserError("no adapter in " + directory + ": can't read " + file.getFileName(), e);
    }
    try {
      return JSON.readTree(bytes);
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CorruptFile(file, "no JSON: " + reason, e);
    }
  }
}
