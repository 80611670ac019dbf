package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.Unreadable;
import dev.lora4j.io.WholeFile;
import dev.lora4j.llm.vocabulary.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The config and tokenizer files of a model, under Hugging Face's names. They are read from a
 * directory, or created from the header of a GGUF file, which this object reads once.
 */
public interface ModelFiles {

  /** The names of the tokenizer and generation files that belong to a saved model. */
  List<String> TOKENIZER_FILES =
      List.of(
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "tokenizer.model",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "vocab.txt",
          "merges.txt",
          ChatTemplateSource.JINJA,
          ChatTemplateSource.JSON,
          ChatTemplateSource.TOOL_USE_JINJA);

  /** The largest file that is read, in bytes; the largest tokenizers have a quarter of it. */
  int MAX_BYTES = 128 << 20;

  /** Returns the directory or the GGUF file. */
  Path path();

  /**
   * Returns the content of a file, if the model has it.
   *
   * @throws UserError if it can't be read or created
   */
  Optional<byte[]> read(String name);

  /** Returns the fields of a JSON file; an object without fields if the model lacks the file. */
  default JsonDocument json(String name) {
    Path file = path().resolve(name);
    return read(name)
        .map(content -> JsonDocument.parse(file, content))
        .orElseGet(() -> JsonDocument.of(file, JsonNodeFactory.instance.objectNode()));
  }

  /** Returns warnings about assumptions where the files lack information. */
  default List<String> warnings() {
    return List.of();
  }

  /** Copies the tokenizer, chat template and generation files into a directory. */
  default void copyTokenizerTo(Path directory) {
    for (String name : TOKENIZER_FILES) {
      read(name).ifPresent(content -> write(directory.resolve(name), content));
    }
  }

  private static void write(Path file, byte[] content) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
    } catch (IOException e) {
      throw new UserError("cannot create " + file.getParent() + ": " + e, e);
    }
    AtomicFile.write(file, content);
  }

  /**
   * Returns these files with the chat template of a file instead of the model's own.
   *
   * @throws UserError if the file cannot be read as text
   */
  default ModelFiles withChatTemplate(Path file) {
    try {
      return new FilesWithTemplate(this, Files.readString(file));
    } catch (IOException e) {
      throw new UserError("cannot read the chat template " + file + ": " + e, e);
    }
  }

  /** Opens a GGUF file's weights for the caller, with the header read before; else empty. */
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

  /**
   * Returns the files of a directory. The {@code tokenizer.json} includes the tokens that other
   * files add; if there is none, it is converted from an older tokenizer format.
   */
  static ModelFiles in(Path directory) {
    return new ModelFiles() {
      @Override
      public Path path() {
        return directory;
      }

      @Override
      public Optional<byte[]> read(String name) {
        return name.equals("tokenizer.json")
            ? new TokenizerFiles(directory, this::onDisk).tokenizerJson()
            : onDisk(name);
      }

      private Optional<byte[]> onDisk(String name) {
        Path file = directory.resolve(name);
        if (!Files.isRegularFile(file)) {
          return Optional.empty();
        }
        try {
          return Optional.of(WholeFile.read(file, MAX_BYTES));
        } catch (IOException e) {
          throw Unreadable.because(file, e);
        }
      }
    };
  }
}
