package dev.lora4j.serve.jobs;

import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TemporaryPath;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The uploaded files: a directory each, with the content and its description. */
public final class UploadedFiles {
  private static final String PREFIX = "file-";
  private static final Pattern ID = RandomIds.pattern(PREFIX);
  private static final String CONTENT = "content";
  private static final String DESCRIPTION = "file.json";

  private final Path directory;
  private final Path incoming;
  private final JobLimits limits;
  private final Map<String, UploadedFile> files = new LinkedHashMap<>(); // guarded by this

  UploadedFiles(Path root, JobLimits limits) {
    directory = root.resolve("files");
    incoming = root.resolve("incoming");
    this.limits = limits;
    JobDirectories.create(directory);
    JobDirectories.deleteTree(incoming); // of uploads that a crash interrupted
    JobDirectories.create(incoming);
    JobDirectories.list(directory, ID).stream()
        .map(path -> UploadedFile.of(JsonDocument.read(path.resolve(DESCRIPTION)).json()))
        .sorted(Comparator.comparingLong(UploadedFile::createdAt))
        .forEach(file -> files.put(file.id(), file));
  }

  /** The directory for parts of uploads in progress. */
  public Path incoming() {
    return incoming;
  }

  /** The largest number of bytes of a file. */
  public long maxFileBytes() {
    return limits.maxFileBytes();
  }

  /**
   * Adds a file, whole or not at all.
   *
   * @param content writes the content to a path
   * @throws JobRefusal beyond the number or the size of files
   * @throws dev.lora4j.UserError if the disk refuses
   */
  public synchronized UploadedFile add(String filename, String purpose, AtomicFile.Writer content) {
    if (files.size() >= limits.maxFiles()) {
      throw JobRefusal.tooLarge(
          "the server keeps at most %,d files; delete some".formatted(limits.maxFiles()));
    }
    String id = RandomIds.next(PREFIX);
    UploadedFile[] added = new UploadedFile[1];
    AtomicDirectory.write(
        directory.resolve(id),
        unfinished -> {
          Path file = unfinished.resolve(CONTENT);
          content.writeTo(file);
          long bytes = Files.size(file);
          requireRoom(bytes);
          flush(file);
          added[0] = new UploadedFile(id, bytes, FineTuningJobs.now(), filename, purpose);
          AtomicFile.write(unfinished.resolve(DESCRIPTION), JsonDocument.bytes(added[0].json()));
        });
    files.put(id, added[0]);
    return added[0];
  }

  private void requireRoom(long bytes) {
    long total = files.values().stream().mapToLong(UploadedFile::bytes).sum();
    if (total + bytes > limits.maxTotalBytes()) {
      throw JobRefusal.tooLarge(
          "the server keeps at most %,d bytes of files, and has %,d; delete some"
              .formatted(limits.maxTotalBytes(), total));
    }
  }

  private static void flush(Path file) throws IOException {
    try (FileChannel written = FileChannel.open(file, StandardOpenOption.WRITE)) {
      written.force(true);
    }
  }

  /** All files, the newest first. */
  public synchronized List<UploadedFile> list() {
    List<UploadedFile> all = new ArrayList<>();
    files.values().forEach(file -> all.add(0, file));
    return all;
  }

  public synchronized Optional<UploadedFile> find(String id) {
    return Optional.ofNullable(files.get(id));
  }

  /**
   * Returns a file.
   *
   * @throws JobRefusal if there is none
   */
  public UploadedFile get(String id) {
    return find(id).orElseThrow(() -> JobRefusal.unknown("file", id));
  }

  /** The path of a file's content. */
  public Path content(UploadedFile file) {
    return directory.resolve(file.id()).resolve(CONTENT);
  }

  /**
   * Deletes a file; jobs that use it keep their own copy.
   *
   * @throws JobRefusal if there is none
   */
  public synchronized void delete(String id) {
    TemporaryPath.discard(directory.resolve(get(id).id()));
    files.remove(id);
  }
}
