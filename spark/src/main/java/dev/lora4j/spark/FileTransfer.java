package dev.lora4j.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * Copies files and directories between a local disk and a file system of Hadoop. Hadoop's own
 * copies start a process for each file that they create on a local disk, to set its permissions.
 */
final class FileTransfer {
  private FileTransfer() {}

  static void download(FileSystem files, FileStatus from, java.nio.file.Path to)
      throws IOException {
    if (from.isDirectory()) {
      Files.createDirectories(to);
      for (FileStatus entry : files.listStatus(from.getPath())) {
        download(files, entry, to.resolve(entry.getPath().getName()));
      }
      return;
    }
    try (InputStream in = files.open(from.getPath())) {
      Files.copy(in, to);
    }
  }

  static void upload(FileSystem files, java.nio.file.Path from, Path to) throws IOException {
    if (Files.isDirectory(from)) {
      files.mkdirs(to);
      for (java.nio.file.Path entry : entries(from)) {
        upload(files, entry, new Path(to, entry.getFileName().toString()));
      }
    } else if (files instanceof RawLocalFileSystem) {
      Files.copy(from, java.nio.file.Path.of(to.toUri().getPath()));
    } else {
      try (OutputStream out = files.create(to, true)) {
        Files.copy(from, out);
      }
    }
  }

  private static List<java.nio.file.Path> entries(java.nio.file.Path directory) throws IOException {
    try (Stream<java.nio.file.Path> entries = Files.list(directory)) {
      return entries.sorted().toList();
    }
  }
}
