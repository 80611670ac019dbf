package dev.lora4j.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What has been downloaded so far, in {@code NAME.part}, and beside it in {@code NAME.part.version}
 * the server's mark of the version that it belongs to, without which the rest may be of another.
 */
record PartFile(Path bytes, Path version) {

  static PartFile of(Path target) {
    Path absolute = target.toAbsolutePath();
    String name = absolute.getFileName() + ".part";
    return new PartFile(absolute.resolveSibling(name), absolute.resolveSibling(name + ".version"));
  }

  /** How many bytes can be kept: none if their version is not known. */
  long usable() throws IOException {
    return Files.exists(bytes) && Files.exists(version) ? Files.size(bytes) : 0;
  }

  String readVersion() throws IOException {
    return Files.readString(version);
  }

  /** Starts over with a version of this mark; an empty mark means that it cannot be resumed. */
  void restart(String mark) throws IOException {
    delete();
    Files.createFile(bytes);
    if (!mark.isEmpty()) {
      Files.writeString(version, mark);
    }
  }

  FileChannel append() throws IOException {
    return FileChannel.open(bytes, StandardOpenOption.APPEND);
  }

  void delete() throws IOException {
    Files.deleteIfExists(bytes);
    Files.deleteIfExists(version);
  }

  /** Gives the finished bytes the target's name. */
  void finish(Path target) throws IOException {
    try (FileChannel channel = append()) {
      channel.force(true);
    }
    AtomicFile.moveInto(target.toAbsolutePath(), bytes);
    Files.deleteIfExists(version);
  }
}
