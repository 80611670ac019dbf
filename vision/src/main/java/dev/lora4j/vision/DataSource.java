package dev.lora4j.vision;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.download.Download;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * An image data set chosen by the user.
 *
 * @param images the source of the images
 * @param note one sentence about the choice that the user should see; usually empty
 */
public record DataSource(ImageSource images, Optional<String> note) {
  private static final String AUTO = "auto";
  private static final String CIFAR10 = "cifar10";
  private static final String SYNTHETIC = "synthetic";
  private static final List<String> WORDS = List.of(AUTO, CIFAR10, SYNTHETIC);

  /**
   * Returns the data set with a name or a path. Downloads CIFAR-10 if it is requested and not
   * cached.
   *
   * @param word {@code cifar10}; {@code synthetic}; {@code auto}, which is CIFAR-10 if it is cached
   *     or downloads within seconds and synthetic shapes otherwise; or the path of a directory or
   *     zip archive of images, or of a copy of CIFAR-10
   * @param progress receives the download progress
   * @throws UserError if the data set does not exist or cannot be downloaded
   */
  public static DataSource of(String word, Download.Progress progress) {
    return switch (word) {
      case AUTO -> auto(() -> Cifar10.published(progress, Download.Limits.USUAL.withTries(2)));
      case CIFAR10 -> plain(Cifar10.published(progress, Download.Limits.USUAL));
      case SYNTHETIC -> plain(SyntheticShapes.usual());
      default -> plain(at(existing(word)));
    };
  }

  static DataSource auto(Supplier<? extends ImageSource> cifar10) {
    try {
      return plain(cifar10.get());
    } catch (UserError | CorruptFile e) {
      return new DataSource(
          SyntheticShapes.usual(),
          Optional.of("using synthetic shapes instead of CIFAR-10: " + e.getMessage()));
    }
  }

  private static DataSource plain(ImageSource images) {
    return new DataSource(images, Optional.empty());
  }

  private static ImageSource at(Path path) {
    return Cifar10.isAt(path) ? Cifar10.at(path) : ImageFolder.at(path);
  }

  private static Path existing(String word) {
    return path(word)
        .filter(Files::exists)
        .orElseThrow(
            () ->
                new UserError(
                    "unknown data set \""
                        + word
                        + "\": neither a file nor a directory"
                        + NearMiss.hint(word, WORDS)));
  }

  private static Optional<Path> path(String word) {
    try {
      return word.isEmpty() ? Optional.empty() : Optional.of(Path.of(word));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
