package dev.lora4j.serve.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The end of a validation that can't be carried out. */
class JobValidationTest {
  @TempDir Path directory;
  private FineTuningJobs jobs;
  private FineTuningJob job;

  @BeforeEach
  void createJob() {
    JobLimits limits = JobLimits.defaults();
    UploadedFiles files = new UploadedFiles(directory, limits);
    String id =
        files.add("data.jsonl", "fine-tune", path -> write(path, "{\"a\": 1}\n".repeat(20))).id();
    jobs = new FineTuningJobs(new JobStore(directory, "acme"), limits);
    job =
        jobs.create(
            new JobRequest(
                "base",
                id,
                Optional.empty(),
                Optional.empty(),
                1,
                TuningMethod.SUPERVISED,
                Hyperparameters.auto(),
                Map.of()),
            files);
  }

  private static void write(Path path, String text) throws IOException {
    Files.writeString(path, text);
  }

  private JobStatus statusAfter(Consumer<ObjectNode> rules) {
    new JobValidation(jobs, method -> rules).run(job);
    return jobs.get(job.id()).status();
  }

  @Test
  void aJobWhoseFilesNeedTooMuchMemoryFails() {
    JobStatus status =
        statusAfter(
            row -> {
              throw new OutOfMemoryError("Java heap space");
            });

    assertThat(status).isEqualTo(JobStatus.FAILED);
    assertThat(jobs.get(job.id()).outcome().orElseThrow().error().orElseThrow().code())
        .isEqualTo("server_error");
  }

  @Test
  void aServerThatClosesLeavesTheJobToTheNextStart() {
    int[] rows = {0};

    JobStatus status =
        statusAfter(
            row -> {
              rows[0]++;
              jobs.close();
            });

    assertThat(status).isEqualTo(JobStatus.VALIDATING_FILES);
    assertThat(rows[0]).isEqualTo(1);
    assertThat(new JobStore(directory, "acme").load())
        .extracting(FineTuningJob::status)
        .containsExactly(JobStatus.VALIDATING_FILES);
  }

  @Test
  void aCancelledJobIsNotValidatedFurther() {
    JobStatus status = statusAfter(row -> cancelOnce());

    assertThat(status).isEqualTo(JobStatus.CANCELLED);
    assertThat(jobs.events(job.id()).toString()).doesNotContain("Files validated");
  }

  private void cancelOnce() {
    jobs.cancel(job.id()); // a second time, it would be refused
  }
}
