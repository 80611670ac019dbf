package dev.lora4j.llm.recipe;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskExamples;
import dev.lora4j.llm.task.data.TaskFile;
import dev.lora4j.llm.task.data.TaskRow;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The rows of a run's data, and the labels of its head.
 *
 * @param train rows of the training file
 * @param valid rows of the validation file or split, if there is one
 * @param labels names of the outputs; none for tasks without
 */
record TaskRows(
    TaskFile file,
    List<TaskRow> train,
    Optional<TaskFile> validFile,
    List<TaskRow> valid,
    LabelNames labels) {

  /**
   * Reads the rows, before the model is loaded.
   *
   * @throws UserError if the data have one class only, or a label that is not among the given ones
   */
  static TaskRows read(FineTuneRecipe recipe) {
    TaskFile file = recipe.taskRows(recipe.requiredData());
    List<TaskRow> train = TaskExamples.rows(file);
    Optional<TaskFile> validFile =
        recipe
            .valid
            .map(recipe::taskRows)
            .or(() -> recipe.validFraction > 0 ? file.validation() : Optional.empty());
    List<TaskRow> valid = validFile.map(TaskExamples::rows).orElse(List.of());
    return new TaskRows(file, train, validFile, valid, labels(recipe, file, train));
  }

  private static LabelNames labels(FineTuneRecipe recipe, TaskFile file, List<TaskRow> train) {
    TextTask task = recipe.requiredTask();
    if (!task.hasLabels()) {
      return new LabelNames(List.of());
    }
    Set<String> found = TaskExamples.labels(train);
    if (found.isEmpty()) {
      throw new UserError(file.name() + ": no row has a label");
    }
    if (task.needsTwoClasses() && found.size() < 2) {
      throw new UserError(
          "%s: every row has the label '%s'; %s needs examples of two classes at least"
              .formatted(file.name(), found.iterator().next(), task.word()));
    }
    Optional<LabelNames> saved = recipe.initial.flatMap(initial -> saved(initial.directory()));
    requireSame(recipe, saved);
    return recipe.labels.or(() -> saved).orElseGet(() -> LabelNames.sorted(found));
  }

  private static void requireSame(FineTuneRecipe recipe, Optional<LabelNames> saved) {
    if (recipe.labels.isPresent() && saved.isPresent() && !saved.equals(recipe.labels)) {
      throw new UserError(
          "the adapter to be continued has the labels %s, but those given are %s; start a new adapter for other labels"
              .formatted(
                  String.join(", ", saved.get().names()),
                  String.join(", ", recipe.labels.get().names())));
    }
  }

  /** The labels of the adapter whose training is continued. */
  private static Optional<LabelNames> saved(Path adapter) {
    Path config = adapter.resolve(ModelConfig.FILE);
    return Files.isRegularFile(config)
        ? LabelNames.in(JsonDocument.read(config))
        : Optional.empty();
  }

  /** Number of outputs of the head. */
  int outputs() {
    return Math.max(1, labels.size());
  }
}
