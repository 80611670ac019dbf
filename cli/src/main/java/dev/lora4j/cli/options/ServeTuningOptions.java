package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import dev.lora4j.serve.jobs.JobSettings;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of a server that fine-tunes. */
public final class ServeTuningOptions {
  @Option(
      names = "--jobs",
      paramLabel = "DIR",
      description = "Folder of uploaded files and fine-tuning jobs; enables the fine-tuning API.")
  private Optional<Path> jobs = Optional.empty();

  @Option(
      names = "--train-workers",
      paramLabel = "N",
      description = "Number of threads that train (default: half of the cores).")
  @Range(from = 1, to = Range.WORKERS)
  private Optional<Integer> workers = Optional.empty();

  @Option(
      names = "--gate",
      paramLabel = "FILE",
      description =
          "General texts, on which a fine-tuned model must not forget more than --max-forgetting.")
  private Optional<Path> general = Optional.empty();

  @Mixin private GateLimitOptions limits = new GateLimitOptions();

  /** Returns the settings of fine-tuning, if the server fine-tunes. */
  public Optional<JobSettings> settings() {
    if (jobs.isEmpty() && (workers.isPresent() || general.isPresent())) {
      throw new UserError("--train-workers and --gate need --jobs DIR");
    }
    return jobs.map(this::settings);
  }

  private JobSettings settings(Path directory) {
    JobSettings settings = JobSettings.in(directory).gate(limits.limits());
    settings = workers.isPresent() ? settings.workers(workers.get()) : settings;
    return general.isPresent() ? settings.general(general.get()) : settings;
  }
}
