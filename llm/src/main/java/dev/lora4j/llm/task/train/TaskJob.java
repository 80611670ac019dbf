package dev.lora4j.llm.task.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.llm.train.TrainingJob.Start;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Checks;
import java.nio.file.Path;

/** A training job: the adapter of a network, objective, directory, settings and threads. */
public record TaskJob(
    LoraModel model,
    String adapter,
    TaskNetwork network,
    TaskObjective objective,
    Path directory,
    TrainingArguments settings,
    int workers,
    Start start) {

  public TaskJob {
    Checks.positive("workers", workers);
    if (settings.pace().patience() > 0 && objective.examples().valid().isEmpty()) {
      throw new UserError("early stopping needs validation examples, found none");
    }
    if (settings.batching().packed()) {
      throw new UserError(
          "packing does not apply to "
              + objective.task().word()
              + ": its batches have no padding anyway");
    }
    if (settings.batching().activationCheckpointing()) {
      throw new UserError(
          "gradient checkpointing does not apply to "
              + objective.task().word()
              + "; lower the batch size, and accumulate gradients instead");
    }
  }

  /** A new run of the adapter {@code default} on all cores. */
  public static TaskJob of(
      LoraModel model,
      TaskNetwork network,
      TaskObjective objective,
      Path directory,
      TrainingArguments settings) {
    int cores = Runtime.getRuntime().availableProcessors();
    return new TaskJob(model, "default", network, objective, directory, settings, cores, Start.NEW);
  }

  public TaskJob workers(int count) {
    return new TaskJob(model, adapter, network, objective, directory, settings, count, start);
  }

  /** Copy that resumes the run in the directory. */
  public TaskJob resumed() {
    return new TaskJob(
        model, adapter, network, objective, directory, settings, workers, Start.RESUMED);
  }
}
