package dev.lora4j.llm.recipe;

import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.llm.task.data.TaskExamples;
import dev.lora4j.llm.task.data.TaskFile;
import dev.lora4j.llm.task.data.TaskRow;
import dev.lora4j.llm.task.data.TaskTokenizer;
import dev.lora4j.llm.task.train.TaskObjective;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The tokenized data of a task's run.
 *
 * @param maxTokens maximum number of tokens of a text
 * @param description in a line
 */
record TaskData(TaskObjective objective, int maxTokens, String description) {
  private static final int SHOWN_LABELS = 12;

  static TaskData of(FineTuneRecipe recipe, TaskRows rows, Tokenizer tokenizer, int maxTokens) {
    TextTask task = recipe.requiredTask();
    TaskTokenizer tokenizing = new TaskTokenizer(tokenizer, maxTokens);
    List<TaskExample> train = examples(recipe, rows.file(), rows.train(), rows, tokenizing);
    TrainValidationSplit<TaskExample> split =
        rows.validFile().isPresent()
            ? new TrainValidationSplit<>(
                train, examples(recipe, rows.validFile().get(), rows.valid(), rows, tokenizing))
            : split(recipe, train);
    TaskObjective objective =
        new TaskObjective(
            task,
            rows.labels(),
            recipe.losses.of(task, split.train(), rows.labels().size()),
            split);
    recipe.report("Task: " + task.word() + ", loss: " + objective.loss().name());
    return new TaskData(
        objective,
        maxTokens,
        String.format(
            Locale.ROOT,
            "%s, %,d training and %,d validation examples",
            rows.file().path().getFileName(),
            split.train().size(),
            split.valid().size()));
  }

  private static List<TaskExample> examples(
      FineTuneRecipe recipe,
      TaskFile file,
      List<TaskRow> rows,
      TaskRows all,
      TaskTokenizer tokenizer) {
    TaskExamples made = TaskExamples.of(file, rows, all.labels(), tokenizer);
    recipe.report(file.name() + ": " + file.described());
    recipe.report("  " + made.summary());
    if (file.task() == TextTask.TEXT_CLASSIFICATION) {
      recipe.report("  " + counts(made.examples(), all));
    }
    made.warnings().forEach(warning -> recipe.report("  Warning: " + warning));
    return made.examples();
  }

  /** The number of examples of each class: {@code billing 120, delivery 96}. */
  private static String counts(List<TaskExample> examples, TaskRows rows) {
    Map<String, Long> counts = new LinkedHashMap<>();
    rows.labels().names().forEach(name -> counts.put(name, 0L));
    examples.forEach(example -> counts.merge(rows.labels().name(example.label()), 1L, Long::sum));
    String shown =
        counts.entrySet().stream()
            .limit(SHOWN_LABELS)
            .map(entry -> "%s %,d".formatted(entry.getKey(), entry.getValue()))
            .collect(Collectors.joining(", "));
    int more = counts.size() - SHOWN_LABELS;
    return counts.size() + " classes: " + shown + (more > 0 ? " and " + more + " more" : "");
  }

  private static TrainValidationSplit<TaskExample> split(
      FineTuneRecipe recipe, List<TaskExample> all) {
    double fraction = recipe.validFraction;
    if (fraction > 0 && all.size() < 2) {
      recipe.report("  Warning: one example is too few for a validation split.");
    }
    if (fraction == 0 || all.size() < 2) {
      return new TrainValidationSplit<>(all, List.of());
    }
    int valid = (int) Math.max(1, Math.min(all.size() - 1L, Math.round(fraction * all.size())));
    return TrainValidationSplit.of(all, valid, recipe.seed);
  }
}
