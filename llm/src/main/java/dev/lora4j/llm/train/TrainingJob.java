package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Checks;
import dev.lora4j.train.group.ProcessGroup;
import java.nio.file.Path;

/**
 * A training job: the adapter of a language model, objective, directory, settings, threads.
 *
 * @param workers of all processes
 * @param group the processes that share the steps
 */
public record TrainingJob(
    LoraModel model,
    String adapter,
    Objective objective,
    Path directory,
    TrainingArguments settings,
    int workers,
    Start start,
    ProcessGroup group) {

  public enum Start {
    /** Starts a new run; the directory must hold none. */
    NEW,
    /** Resumes after the last checkpoint in the directory, or at the first step without any. */
    RESUMED
  }

  public TrainingJob {
    if (!(model.base() instanceof LanguageModel)) {
      throw new UserError(
          "expected a language model, found a " + model.base().getClass().getSimpleName());
    }
    Checks.positive("workers", workers);
    if (settings.pace().patience() > 0 && objective.groups().valid().isEmpty()) {
      throw new UserError("early stopping needs validation examples, found none");
    }
    objective.check(settings.batching());
  }

  /** A job of this process alone. */
  public TrainingJob(
      LoraModel model,
      String adapter,
      Objective objective,
      Path directory,
      TrainingArguments settings,
      int workers,
      Start start) {
    this(model, adapter, objective, directory, settings, workers, start, ProcessGroup.SINGLE);
  }

  /** A new run of the adapter {@code default} on all cores. */
  public static TrainingJob of(
      LoraModel model, Objective objective, Path directory, TrainingArguments settings) {
    int cores = Runtime.getRuntime().availableProcessors();
    return new TrainingJob(model, "default", objective, directory, settings, cores, Start.NEW);
  }

  public TrainingJob workers(int count) {
    return new TrainingJob(model, adapter, objective, directory, settings, count, start, group);
  }

  /** Copy that resumes the run in the directory. */
  public TrainingJob resumed() {
    return new TrainingJob(
        model, adapter, objective, directory, settings, workers, Start.RESUMED, group);
  }

  LanguageModel network() {
    return (LanguageModel) model.base();
  }
}
