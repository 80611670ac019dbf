package dev.lora4j.llm.gguf;

import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The config and tokenizer files of a model, by the names that Hugging Face gives them: {@code
 * config.json}, {@code tokenizer.json} and so on. A directory holds them; for a GGUF file they are
 * made from its header. Pass this object on to load the model and its tokenizer with one reading of
 * the header.
 */
public interface ModelFiles {

  /** Returns the directory or the GGUF file. */
  Path path();

  /**
   * Returns the content of a file, if the model has it.
   *
   * @throws UserError if it can't be read, or made
   */
  Optional<byte[]> read(String name);

  /**
   * Opens the weights of a GGUF file, without reading its header again; the caller closes them.
   * Empty for a directory.
   */
  default Optional<GgufModel> openGguf() {
    return Optional.empty();
  }

  /** Returns the files of a directory or a GGUF file. */
  static ModelFiles at(Path model) {
    if (!GgufModel.isAt(model)) {
      return in(model);
    }
    try (GgufModel file = GgufModel.open(model)) {
      return file.files();
    }
  }

  /** Returns the files of a directory. */
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
