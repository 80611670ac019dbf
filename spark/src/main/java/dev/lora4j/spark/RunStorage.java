package dev.lora4j.spark;

import dev.lora4j.UserError;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The directory of a run on a file system that driver and executors share. Files and directories
 * appear complete: they are copied under a hidden name and renamed.
 *
 * @param directory such as {@code hdfs://cluster/runs/one} or a path of a shared disk
 */
record RunStorage(String directory, SerializableConfiguration configuration)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /** The rows of the Dataset, as every attempt reads them. */
  static final String ROWS = "data.jsonl";

  private static final String RUN = "run.json";
  private static final List<String> RECORDS = List.of(RUN, "origin.json");
  private static final String ADAPTER = "adapter_model.safetensors";
  private static final String CHECKPOINT = "checkpoint-";

  // ---- on the driver ----

  /**
   * Prepares the directory of a run.
   *
   * @throws UserError if it can't be written, holds another run, or has none to resume
   */
  void begin(boolean resumes) {
    try {
      FileSystem files = files();
      boolean holdsRun = files.exists(at(RUN));
      if (resumes && !holdsRun) {
        throw new UserError(
            "no run to resume in %s: there is no %s; start a new run, or give the run's directory"
                .formatted(directory, RUN));
      }
      if (!resumes && (holdsRun || files.exists(at(ADAPTER)))) {
        throw new UserError(
            "%s already holds %s; resume it, or choose another directory"
                .formatted(directory, holdsRun ? "a run" : "an adapter"));
      }
      Path probe = at(".writable");
      files.create(probe, true).close();
      files.delete(probe, false);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private UserError unwritable(IOException e) {
    return new UserError(
        "cannot write %s: %s; choose a directory that driver and executors can write"
            .formatted(directory, reason(e)),
        e);
  }

  private static String reason(IOException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
  }

  /**
   * Writes the rows in their order.
   *
   * @param resumes whether those of the run's start are kept, if it has them
   */
  void writeRows(Dataset<Row> rows, boolean resumes) {
    try {
      FileSystem files = files();
      if (resumes && files.exists(at(ROWS))) {
        return;
      }
      Path unfinished = at("." + ROWS);
      try (BufferedWriter out =
          new BufferedWriter(
              new OutputStreamWriter(files.create(unfinished, true), StandardCharsets.UTF_8))) {
        Iterator<String> lines = rows.toJSON().toLocalIterator();
        while (lines.hasNext()) {
          out.write(lines.next());
          out.write('\n');
        }
      }
      StorageRename.replace(files, unfinished, at(ROWS));
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  // ---- on executors ----

  boolean holdsRun() {
    try {
      return files().exists(at(RUN));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Copies the directory to a local one. */
  void download(java.nio.file.Path local) {
    try {
      FileSystem files = files();
      for (FileStatus entry : files.listStatus(new Path(directory))) {
        if (!entry.getPath().getName().startsWith(".")) {
          FileTransfer.download(files, entry, local.resolve(entry.getPath().getName()));
        }
      }
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private UserError unreadable(IOException e) {
    return new UserError(
        "cannot read %s: %s; the directory must be on a file system that every executor reaches"
            .formatted(directory, reason(e)),
        e);
  }

  /** Copies a local file or directory into the directory, where it replaces one of its name. */
  void upload(java.nio.file.Path local) {
    String name = String.valueOf(local.getFileName());
    try {
      FileSystem files = files();
      if (isRecorded(files, local)) {
        return;
      }
      Path unfinished = at("." + name);
      files.delete(unfinished, true);
      FileTransfer.upload(files, local, unfinished);
      StorageRename.replace(files, unfinished, at(name));
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /** Returns whether the file is a run's record that the storage has with the same bytes. */
  private boolean isRecorded(FileSystem files, java.nio.file.Path local) throws IOException {
    String name = String.valueOf(local.getFileName());
    if (!RECORDS.contains(name) || !files.exists(at(name))) {
      return false;
    }
    try (InputStream in = files.open(at(name))) {
      return Arrays.equals(in.readAllBytes(), Files.readAllBytes(local));
    }
  }

  /** Removes all checkpoints but those of these names. */
  void keepCheckpoints(List<String> names) {
    try {
      FileSystem files = files();
      for (String name : checkpoints()) {
        if (!names.contains(name)) {
          files.delete(at(name), true);
        }
      }
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /** Returns whether a name is that of a checkpoint's directory. */
  static boolean isCheckpoint(String name) {
    return name.startsWith(CHECKPOINT);
  }

  /** The names of the checkpoints. */
  List<String> checkpoints() {
    try {
      List<String> names = new ArrayList<>();
      for (FileStatus entry : files().listStatus(new Path(directory))) {
        if (isCheckpoint(entry.getPath().getName())) {
          names.add(entry.getPath().getName());
        }
      }
      return names;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private Path at(String name) {
    return new Path(directory, name);
  }

  /** The file system; a local one without files of checksums. */
  private FileSystem files() throws IOException {
    FileSystem found = new Path(directory).getFileSystem(configuration.value());
    return found instanceof LocalFileSystem local ? local.getRawFileSystem() : found;
  }
}
