package dev.lora4j.vision;

import dev.lora4j.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files and folders of a directory, a few levels deep. */
record DirectoryTree(Path root) implements ImageTree {
  private static final int DEPTH = 4;

  @Override
  public List<String> names() {
    try (Stream<Path> files = Files.walk(root, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
      return files.filter(p -> !p.equals(root)).map(this::relative).toList();
    } catch (IOException e) {
      throw new UserError("cannot list " + root + ": " + e, e);
    } catch (UncheckedIOException e) {
      throw new UserError("cannot list " + root + ": " + e.getMessage(), e);
    }
  }

  private String relative(Path file) {
    String name = root.relativize(file).toString().replace('\\', '/');
    return Files.isDirectory(file) ? name + "/" : name;
  }

  @Override
  public byte[] read(String name) throws IOException {
    Path file = root.resolve(name);
    long size = Files.size(file);
    if (size > MAX_FILE_BYTES) {
      throw new IOException(size + " bytes are too many");
    }
    return Files.readAllBytes(file);
  }

  @Override
  public void close() {}
}
