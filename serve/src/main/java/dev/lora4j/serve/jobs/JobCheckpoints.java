package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.AtomicDirectory;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.lora.LoraModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/** The checkpoints of a job, one for each epoch. */
record JobCheckpoints(Path directory) {
  private static final Pattern NAME = Pattern.compile("step-\\d{1,18}");
  private static final String DESCRIPTION = "checkpoint.json";
  private static final String ADAPTER = "default";

  /** Writes a checkpoint; a resumed run writes one again with the same values, which is kept. */
  void write(LoraModel model, long step, JobMetrics metrics) {
    Path target = directory.resolve("step-" + step);
    if (Files.exists(target)) {
      return;
    }
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("id", RandomIds.next("ftckpt-"))
            .put("object", "fine_tuning.job.checkpoint")
            .put("created_at", FineTuningJobs.now())
            .put("step_number", step);
    json.set("metrics", metrics.json().put(JobMetrics.STEP, step));
    AtomicDirectory.write(
        target,
        unfinished -> {
          model.save(ADAPTER, unfinished);
          AtomicFile.write(unfinished.resolve(DESCRIPTION), JsonDocument.bytes(json));
        });
  }

  /** All checkpoints, the newest first. */
  List<JobCheckpoint> list() {
    return JobDirectories.list(directory, NAME).stream()
        .map(JobCheckpoints::read)
        .sorted(Comparator.comparingLong(JobCheckpoint::step).reversed())
        .toList();
  }

  private static JobCheckpoint read(Path path) {
    ObjectNode json = JsonDocument.read(path.resolve(DESCRIPTION)).json();
    return new JobCheckpoint(json.path("step_number").asLong(), json, path);
  }
}
