package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.RunRecord;
import dev.lora4j.train.RunDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes to the directory of a run, as long as no later attempt has claimed it.
 *
 * <p>A file is copied under a hidden name with the attempt in it, then the claim is checked, then
 * the file is renamed. A later attempt claims the directory first and then removes the hidden files
 * of others, before it reads anything: a file of an earlier attempt is there by then, or never.
 */
final class RunWriter {
  private static final List<String> RECORDS = List.of(RunDirectory.RUN, RunRecord.ORIGIN);
  private static final String UNFINISHED = ".unfinished-";

  private final FileSystem files;
  private final String directory;
  private final RunClaim claim;

  private RunWriter(FileSystem files, String directory, RunClaim claim) {
    this.files = files;
    this.directory = directory;
    this.claim = claim;
  }

  /**
   * Claims the directory.
   *
   * @throws UserError if a later attempt or another run has it
   */
  static RunWriter claim(FileSystem files, String directory, RunClaim claim) throws IOException {
    RunWriter writer = new RunWriter(files, directory, claim);
    Optional<RunClaim> last = writer.lastClaim();
    if (!last.map(claim::follows).orElse(false)) {
      throw writer.lost(last);
    }
    claim.write(files, writer.path());
    for (FileStatus entry : files.listStatus(writer.path())) {
      if (entry.getPath().getName().startsWith(UNFINISHED)) {
        files.delete(entry.getPath(), true);
      }
    }
    return writer;
  }

  private Path path() {
    return new Path(directory);
  }

  private Path at(String name) {
    return new Path(directory, name);
  }

  private Optional<RunClaim> lastClaim() throws IOException {
    return RunClaim.read(files, path());
  }

  private UserError lost(Optional<RunClaim> last) {
    return new UserError(
        "%s no longer writes to %s, which %s; wait for its end, or choose another directory"
            .formatted(
                claim,
                directory,
                last.map(another -> another + " has taken").orElse("another run has taken")));
  }

  private boolean holdsClaim() throws IOException {
    return lastClaim().equals(Optional.of(claim));
  }

  /**
   * Copies a local file or directory into the directory, where it replaces one of its name.
   *
   * @throws UserError if it can't be written, or a later attempt or another run has the directory
   */
  void upload(java.nio.file.Path local) {
    String name = String.valueOf(local.getFileName());
    Path unfinished = at(UNFINISHED + claim.run() + "-" + claim.attempt() + "-" + name);
    try {
      if (isRecorded(local, name)) {
        return;
      }
      files.delete(unfinished, true);
      FileTransfer.upload(files, local, unfinished);
      if (!holdsClaim()) {
        files.delete(unfinished, true);
        throw lost(lastClaim());
      }
      StorageRename.replace(files, unfinished, at(name));
    } catch (IOException e) {
      throw RunStorage.unwritable(directory, e);
    }
  }

  /** Returns whether the file is a run's record that the storage has with the same bytes. */
  private boolean isRecorded(java.nio.file.Path local, String name) throws IOException {
    if (!RECORDS.contains(name) || !files.exists(at(name))) {
      return false;
    }
    try (InputStream in = files.open(at(name))) {
      return Arrays.equals(in.readAllBytes(), Files.readAllBytes(local));
    }
  }

  /**
   * Removes the checkpoints that are earlier than the last of these, but those of these names.
   *
   * @throws UserError as {@link #upload}
   */
  void keepCheckpoints(List<String> names) {
    long last = names.stream().mapToLong(RunWriter::step).max().orElse(0);
    try {
      if (!holdsClaim()) {
        throw lost(lastClaim());
      }
      for (String name : RunStorage.checkpoints(files, path())) {
        if (!names.contains(name) && step(name) < last) {
          files.delete(at(name), true);
        }
      }
    } catch (IOException e) {
      throw RunStorage.unwritable(directory, e);
    }
  }

  private static long step(String name) {
    return RunDirectory.step(name).orElse(0);
  }
}
