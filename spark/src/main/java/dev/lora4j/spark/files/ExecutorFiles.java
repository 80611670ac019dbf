package dev.lora4j.spark.files;

import dev.lora4j.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkFiles;

/** Finds models and adapters on an executor. */
public final class ExecutorFiles {
  private static final Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*");

  private ExecutorFiles() {}

  /**
   * Returns a path of this executor, or, if it does not exist, that of a file or directory of the
   * same last name that Spark has sent.
   */
  public static String found(String path) {
    if (!Files.exists(Path.of(path))) {
      Path sent =
          Path.of(SparkFiles.getRootDirectory(), String.valueOf(Path.of(path).getFileName()));
      if (Files.exists(sent)) {
        return sent.toString();
      }
    }
    return path;
  }

  /**
   * Returns the directory of an adapter on this executor. One on a file system of Hadoop, such as
   * {@code hdfs:///adapters/one}, is copied into the directory of the files that Spark sends; of a
   * run's directory, neither checkpoints nor rows are copied.
   *
   * @throws UserError if it can't be read
   */
  public static Path adapter(String path, Configuration configuration) {
    if (!URI.matcher(path).matches()) {
      return Path.of(found(path));
    }
    Path copy = Path.of(SparkFiles.getRootDirectory(), "adapter-" + name(path));
    try {
      org.apache.hadoop.fs.Path from = new org.apache.hadoop.fs.Path(path);
      copy(from.getFileSystem(configuration), from, copy);
      return copy;
    } catch (IOException e) {
      throw new UserError(
          "cannot read the adapter %s: %s; give a directory that every executor reaches"
              .formatted(path, e.getMessage()),
          e);
    }
  }

  /**
   * Returns a directory with its file system, as {@link #adapter} needs it: without, it would be
   * one of the executor.
   *
   * @throws UserError if there is no such file system
   */
  public static String qualified(String directory, Configuration configuration) {
    try {
      org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(directory);
      return path.getFileSystem(configuration).makeQualified(path).toString();
    } catch (IOException e) {
      throw new UserError("cannot reach " + directory + ": " + e.getMessage(), e);
    }
  }

  private static String name(String path) {
    return UUID.nameUUIDFromBytes(path.getBytes(StandardCharsets.UTF_8)).toString();
  }

  private static void copy(FileSystem files, org.apache.hadoop.fs.Path from, Path to)
      throws IOException {
    Files.createDirectories(to);
    for (FileStatus entry : files.listStatus(from)) {
      String name = entry.getPath().getName();
      if (entry.isFile() && !name.startsWith(".") && !name.endsWith(".jsonl")) {
        try (InputStream in = files.open(entry.getPath())) {
          Files.copy(in, to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }
}
