package dev.lora4j.models.training;

import dev.lora4j.UserError;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.LanguageModel;
import java.nio.file.Path;

/**
 * What is asked of a run.
 *
 * @param model a language model with the adapter on it
 * @param adapter the name of the adapter that learns; all others rest
 * @param objective the loss with its data
 * @param directory where checkpoints and the adapter go
 * @param settings the numbers
 * @param workers threads that share a step
 * @param start whether it is a new run
 */
public record TuningRequest(
    LoraModel model,
    String adapter,
    Objective objective,
    Path directory,
    TuningSettings settings,
    int workers,
    Start start) {

  /** Where a run begins. */
  public enum Start {
    /** At the first step; the directory must hold no run. */
    NEW,
    /** After the last checkpoint in the directory, or at the first step if there is none yet. */
    RESUMED
  }

  public TuningRequest {
    if (!(model.base() instanceof LanguageModel)) {
      throw new UserError(
          "a language model is to be trained, found a " + model.base().getClass().getSimpleName());
    }
    if (workers < 1) {
      throw new UserError("workers must be at least 1, found " + workers);
    }
    if (settings.pace().patience() > 0 && objective.validGroups().isEmpty()) {
      throw new UserError("an early end needs examples that are held back, found none");
    }
    objective.check(settings.batching());
  }

  /** A new run of the adapter {@code default} on all cores. */
  public static TuningRequest of(
      LoraModel model, Objective objective, Path directory, TuningSettings settings) {
    int cores = Runtime.getRuntime().availableProcessors();
    return new TuningRequest(model, "default", objective, directory, settings, cores, Start.NEW);
  }

  /** The same with so many threads. */
  public TuningRequest workers(int count) {
    return new TuningRequest(model, adapter, objective, directory, settings, count, start);
  }

  /** The same, going on where the directory's run was interrupted. */
  public TuningRequest resumed() {
    return new TuningRequest(
        model, adapter, objective, directory, settings, workers, Start.RESUMED);
  }

  LanguageModel network() {
    return (LanguageModel) model.base();
  }
}
