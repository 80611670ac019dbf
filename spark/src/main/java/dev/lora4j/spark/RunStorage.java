package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.train.RunDirectory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The directory of a run on a file system that driver and executors share. Files and directories
 * appear complete: they are copied under a hidden name and renamed.
 *
 * @param directory such as {@code hdfs://cluster/runs/one} or a path of a shared disk
 * @param run names this use of the directory, unlike any other
 */
record RunStorage(String directory, SerializableConfiguration configuration, String run)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /** The rows of the Dataset, as every attempt reads them. */
  static final String ROWS = "data.jsonl";

  // ---- on the driver ----

  /**
   * Takes the directory for a run, until the lease is closed.
   *
   * @throws UserError if it can't be written, another run uses it, it holds a run, or has none to
   *     resume
   */
  RunLease begin(boolean resumes) {
    try {
      FileSystem files = files();
      if (resumes && !files.exists(at(RunDirectory.RUN))) {
        throw new UserError(
            "no run to resume in %s: there is no %s; start a new run, or give the run's directory"
                .formatted(directory, RunDirectory.RUN));
      }
      if (files instanceof RawLocalFileSystem) {
        new RunDirectory(java.nio.file.Path.of(new Path(directory).toUri().getPath()))
            .requireUnused();
      }
      RunLease lease = RunLease.take(files, new Path(directory), run);
      try {
        requireRoom(files, resumes);
        RunClaim.ofDriver(run).write(files, new Path(directory));
      } catch (IOException | RuntimeException e) {
        lease.close();
        throw e;
      }
      return lease;
    } catch (IOException e) {
      throw unwritable(directory, e);
    }
  }

  private void requireRoom(FileSystem files, boolean resumes) throws IOException {
    boolean holdsRun = files.exists(at(RunDirectory.RUN));
    if (!resumes && (holdsRun || files.exists(at(RunDirectory.WEIGHTS)))) {
      throw new UserError(
          "%s already holds %s; resume it, or choose another directory"
              .formatted(directory, holdsRun ? "a run" : "an adapter"));
    }
  }

  static UserError unwritable(String directory, IOException e) {
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
      throw unwritable(directory, e);
    }
  }

  // ---- on executors ----

  /**
   * Makes an attempt of the stage the only one that may write; earlier ones can't any more.
   *
   * @throws UserError if a later attempt or another run has the directory
   */
  RunWriter claim(int attempt) {
    try {
      return RunWriter.claim(files(), directory, new RunClaim(run, attempt));
    } catch (IOException e) {
      throw unwritable(directory, e);
    }
  }

  boolean holdsRun() {
    try {
      return files().exists(at(RunDirectory.RUN));
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

  /** The names of the checkpoints. */
  List<String> checkpoints() {
    try {
      return checkpoints(files(), new Path(directory));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  static List<String> checkpoints(FileSystem files, Path directory) throws IOException {
    List<String> names = new ArrayList<>();
    for (FileStatus entry : files.listStatus(directory)) {
      if (RunDirectory.step(entry.getPath().getName()).isPresent()) {
        names.add(entry.getPath().getName());
      }
    }
    return names;
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
