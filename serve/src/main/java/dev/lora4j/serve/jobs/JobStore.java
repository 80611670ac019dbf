package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.JsonDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** The jobs on disk: a directory each, with the state, the data, the events, and the run. */
final class JobStore {
  static final String ID_PREFIX = "ftjob-";
  private static final Pattern ID = RandomIds.pattern(ID_PREFIX);
  private static final String STATE = "job.json";
  private static final String GATE = "gate.json";

  private final Path directory;
  private final String organization;
  private final Map<String, EventLog> logs = new ConcurrentHashMap<>();

  JobStore(Path root, String organization) {
    directory = root.resolve("jobs");
    this.organization = organization;
    JobDirectories.create(directory);
  }

  /** Reads all jobs, the oldest first. */
  List<FineTuningJob> load() {
    return JobDirectories.list(directory, ID).stream()
        .map(path -> JobJson.read(JsonDocument.read(path.resolve(STATE)).json()))
        .sorted(Comparator.comparingLong(FineTuningJob::createdAt))
        .toList();
  }

  /** Creates a job with a copy of its data, which may be deleted before it has been used. */
  void create(FineTuningJob job, Path training, Optional<Path> validation) {
    AtomicDirectory.write(
        path(job.id()),
        unfinished -> {
          copy(training, unfinished.resolve(JobPaths.UPLOADED_TRAINING));
          if (validation.isPresent()) {
            copy(validation.get(), unfinished.resolve(JobPaths.UPLOADED_VALIDATION));
          }
          write(job, unfinished);
        });
  }

  private static void copy(Path from, Path to) throws IOException {
    try {
      Files.createLink(to, from); // uploaded files never change
    } catch (IOException | UnsupportedOperationException e) { // a file system without links
      Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  void save(FineTuningJob job) {
    write(job, path(job.id()));
  }

  private void write(FineTuningJob job, Path into) {
    AtomicFile.write(into.resolve(STATE), JsonDocument.bytes(JobJson.of(job, organization)));
  }

  void saveGate(String id, ObjectNode verdict) {
    AtomicFile.write(path(id).resolve(GATE), JsonDocument.bytes(verdict));
  }

  /** The gate's verdict on a job; empty before it. */
  Optional<JsonNode> gate(String id) {
    Path file = path(id).resolve(GATE);
    return Files.exists(file) ? Optional.of(JsonDocument.read(file).json()) : Optional.empty();
  }

  EventLog events(String id) {
    return logs.computeIfAbsent(id, job -> new EventLog(path(job).resolve("events.jsonl")));
  }

  JobPaths paths(String id) {
    return new JobPaths(path(id));
  }

  /** The directory of a job, whose id is one that the server made. */
  private Path path(String id) {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException("not the id of a job: " + id);
    }
    return directory.resolve(id);
  }
}
