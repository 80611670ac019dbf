package dev.lora4j.io.download;

import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The bytes downloaded so far, and a file with the server's version of them, so that a resumed
 * download never mixes versions; empty if the name of {@code bytes} identifies the content.
 */
record PartFile(Path bytes, Optional<Path> version) {

  /** Returns {@code NAME.part} with its version in {@code NAME.part.version}. */
  static PartFile of(Path target) {
    Path absolute = target.toAbsolutePath();
    String name = absolute.getFileName() + ".part";
    return new PartFile(
        absolute.resolveSibling(name), Optional.of(absolute.resolveSibling(name + ".version")));
  }

  /** Returns a part file whose name identifies its content. */
  static PartFile identified(Path bytes) {
    return new PartFile(bytes.toAbsolutePath(), Optional.empty());
  }

  void prepare() throws IOException {
    Path parent = bytes.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
  }

  /**
   * Returns the number of bytes to resume from; 0 if their version is unknown or the size differs.
   */
  long usable(OptionalLong size) throws IOException {
    if (!Files.exists(bytes) || (version.isPresent() && !Files.exists(version.get()))) {
      return 0;
    }
    long found = Files.size(bytes);
    if (found > size.orElse(Long.MAX_VALUE)) {
      delete();
      return 0;
    }
    return found;
  }

  String readVersion() throws IOException {
    return version.isPresent() ? Files.readString(version.get()) : "";
  }

  /** Starts again with another version; a download without a version can't be resumed. */
  void restart(String newVersion) throws IOException {
    delete();
    Files.createFile(bytes);
    if (version.isPresent() && !newVersion.isEmpty()) {
      Files.writeString(version.get(), newVersion);
    }
  }

  FileChannel append() throws IOException {
    return FileChannel.open(bytes, StandardOpenOption.APPEND);
  }

  void delete() throws IOException {
    Files.deleteIfExists(bytes);
    if (version.isPresent()) {
      Files.deleteIfExists(version.get());
    }
  }

  /** Moves the complete bytes to the target. */
  void finish(Path target) throws IOException {
    try (FileChannel channel = append()) {
      channel.force(true);
    }
    AtomicFile.moveInto(target.toAbsolutePath(), bytes);
    delete();
  }
}
