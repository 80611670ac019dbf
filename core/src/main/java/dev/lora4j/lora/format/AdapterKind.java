package dev.lora4j.lora.format;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.Unreadable;
import dev.lora4j.io.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The file formats of adapters. */
public enum AdapterKind {
  /** A Hugging Face PEFT directory. */
  PEFT,
  /** An mlx-lm directory. */
  MLX,
  /** A GGUF file for llama.cpp's {@code --lora}. */
  GGUF;

  private static final String GGUF_ENDING = ".gguf";

  /** Returns the name, such as {@code mlx}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the format of this name.
   *
   * @throws UserError if there is none
   */
  public static AdapterKind of(String word) {
    List<String> words = Arrays.stream(values()).map(AdapterKind::word).toList();
    int index = words.indexOf(word.toLowerCase(Locale.ROOT));
    if (index < 0) {
      throw new UserError("no adapter format '" + word + "'" + NearMiss.hint(word, words));
    }
    return values()[index];
  }

  /**
   * Returns the format that a path's ending implies: {@code .gguf}, {@code .mlx} or {@code -mlx};
   * otherwise PEFT.
   */
  public static AdapterKind byName(Path place) {
    String name = place.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(GGUF_ENDING)) {
      return GGUF;
    }
    return name.endsWith(".mlx") || name.endsWith("-mlx") ? MLX : PEFT;
  }

  /**
   * Returns the format of the adapter at an existing path.
   *
   * @throws UserError if there is no adapter
   */
  public static AdapterKind at(Path place) {
    if (Files.isDirectory(place)) {
      return ofDirectory(place);
    }
    if (Files.isRegularFile(place) && byName(place) != GGUF) {
      throw new UserError(
          place + " is a file; an adapter is a PEFT or mlx-lm directory, or a .gguf file");
    }
    return GGUF; // its reader reports missing or invalid files
  }

  /**
   * Returns the format of a directory, detected by its config alone: the shape of a square matrix
   * does not show whether it is transposed.
   *
   * @throws UserError if there is no config
   */
  public static AdapterKind ofDirectory(Path directory) {
    if (!Files.isDirectory(directory)) {
      throw new UserError(
          "no adapter in %s: %s%s"
              .formatted(
                  directory,
                  Files.exists(directory)
                      ? "it is a file, expected a directory with " + PeftAdapter.CONFIG
                      : "there is no such directory",
                  Unreadable.nearest(directory)));
    }
    JsonDocument config = json(directory.resolve(PeftAdapter.CONFIG), directory);
    boolean ofMlx = config.isPresent("fine_tune_type") || config.isPresent("lora_parameters");
    return ofMlx && !config.isPresent("peft_type") ? MLX : PEFT;
  }

  static JsonDocument json(Path file, Path directory) {
    try {
      return JsonDocument.parse(file, WholeFile.read(file, JsonDocument.MAX_BYTES));
    } catch (IOException e) {
      throw new UserError(
          "no adapter in %s: can't read %s%s"
              .formatted(directory, file.getFileName(), PeftAdapter.below(directory)),
          e);
    }
  }

  /** Returns the weights file of a directory of this format. */
  public Path weights(Path directory) {
    return this == MLX ? directory.resolve(MlxAdapter.WEIGHTS) : PeftAdapter.weights(directory);
  }

  boolean isFile() {
    return this == GGUF;
  }
}
