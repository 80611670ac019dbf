package dev.lora4j.models.gguf;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The small files that stand beside a model's weights, by the names that Hugging Face gives them:
 * {@code config.json}, {@code tokenizer.json} and so on. A directory has them, and out of a GGUF
 * file they are made.
 */
public interface ModelFiles {

  /** The directory or the file. */
  Path path();

  /**
   * The content of one of them, if it is there.
   *
   * @throws UserError if it can't be read, or made
   */
  Optional<byte[]> read(String name);

  /** Those of a model: of a directory, or in a GGUF file. */
  static ModelFiles at(Path model) {
    if (!GgufModel.isAt(model)) {
      return in(model);
    }
    try (GgufModel file = GgufModel.open(model)) {
      return file.files();
    }
  }

  /** Those in a directory. */
  static ModelFiles in(Path directory) {
    return new ModelFiles() {
      @Override
      public Path path() {
        return directory;
      }

      @Override
      public Optional<byte[]> read(String name) {
        Path file = directory.resolve(name);
        if (!Files.isRegularFile(file)) {
          return Optional.empty();
        }
        try {
          return Optional.of(Files.readAllBytes(file));
        } catch (IOException e) {
          throw new UserError("cannot read " + file + ": " + e, e);
        }
      }
    };
  }
}
