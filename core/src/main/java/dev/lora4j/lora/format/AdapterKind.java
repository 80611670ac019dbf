package dev.lora4j.lora.format;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The kinds of files in which an adapter can be kept. */
public enum AdapterKind {
  /** A directory of Hugging Face PEFT's. */
  PEFT,
  /** A directory of mlx-lm's. */
  MLX,
  /** A file that llama.cpp takes with {@code --lora}. */
  GGUF;

  private static final String GGUF_ENDING = ".gguf";

  /** How it is called, such as {@code mlx}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The kind that a word means.
   *
   * @throws UserError if it means none
   */
  public static AdapterKind of(String word) {
    List<String> words = Arrays.stream(values()).map(AdapterKind::word).toList();
    int index = words.indexOf(word.toLowerCase(Locale.ROOT));
    if (index < 0) {
      throw new UserError("no kind of adapter '" + word + "'" + NearMiss.hint(word, words));
    }
    return values()[index];
  }

  /** What the name of a place says: {@code .gguf}, {@code .mlx} and {@code -mlx}; else PEFT's. */
  public static AdapterKind byName(Path place) {
    String name = place.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(GGUF_ENDING)) {
      return GGUF;
    }
    return name.endsWith(".mlx") || name.endsWith("-mlx") ? MLX : PEFT;
  }

  /**
   * What is kept in a place that exists.
   *
   * @throws UserError if there is nothing, or no adapter
   */
  public static AdapterKind at(Path place) {
    if (Files.isDirectory(place)) {
      return AdapterFormat.of(place) == AdapterFormat.MLX ? MLX : PEFT;
    }
    if (Files.isRegularFile(place) && byName(place) != GGUF) {
      throw new UserError(
          place + " is a file; an adapter is a directory of PEFT's or mlx-lm's, or a .gguf file");
    }
    return GGUF; // whose reader says what is wrong
  }

  boolean isFile() {
    return this == GGUF;
  }
}
