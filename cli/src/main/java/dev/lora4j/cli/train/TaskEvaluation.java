package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.report.EvaluationReport;
import dev.lora4j.cli.report.TaskFigures;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.llm.task.data.TaskExamples;
import dev.lora4j.llm.task.data.TaskFile;
import dev.lora4j.llm.task.data.TaskTokenizer;
import dev.lora4j.llm.task.model.OutputSweep;
import dev.lora4j.llm.task.predict.AdaptedTask;
import dev.lora4j.llm.task.predict.TaskDescription;
import dev.lora4j.llm.task.score.ClassScore;
import dev.lora4j.llm.task.score.ClassificationScore;
import dev.lora4j.llm.task.score.TaskScore;
import dev.lora4j.llm.task.score.TaskScorer;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Evaluates an adapter of a task on texts.
 *
 * @param maxTokens maximum sequence length; by default that of the training
 * @param report file of the HTML report; none by default
 */
public record TaskEvaluation(
    AdaptedTask model,
    String adapter,
    TextData.Options reading,
    Optional<Integer> maxTokens,
    Optional<Path> report) {
  private static final int MAX_CONFUSION = 12;
  private static final int NAME = 18;

  /**
   * Evaluates on the test split of a file, or the whole file.
   *
   * @param directory the adapter's, as the report names it
   */
  public void run(Path data, Path directory, int threads, OutputFormat output) {
    TaskDescription description = model.description(adapter);
    TaskFile file = TaskFile.open(data, description.task(), reading).evaluation();
    TaskTokenizer tokenizer = tokenizer();
    TaskExamples made =
        TaskExamples.of(file, TaskExamples.rows(file), description.labels(), tokenizer);
    PrintStream messages = output.messages();
    messages.println(
        "%s: %s, %s".formatted(file.name(), description.task().word(), file.described()));
    messages.println(made.summary());
    made.warnings().forEach(warning -> messages.println("Warning: " + warning));
    TaskScore score = score(description, made.examples(), threads);
    output.show(
        root -> fill(root, description, score, made), out -> print(out, description, score));
    report.ifPresent(
        page -> {
          String examples =
              "%s, %s examples".formatted(file.name(), NumberFormats.count(made.examples().size()));
          new EvaluationReport(
                  directory.toString(),
                  description.task().word(),
                  examples,
                  score,
                  description.calibration())
              .write(page);
          messages.println("Report: " + page);
        });
  }

  private TaskTokenizer tokenizer() {
    int longest = model.network().maxTokens();
    if (maxTokens.isPresent() && maxTokens.get() > longest) {
      throw new UserError(
          "--max-seq-length must be between 2 and the limit of the model, %d; found %d"
              .formatted(longest, maxTokens.get()));
    }
    return maxTokens.isPresent()
        ? model.tokenizer(adapter).limitedTo(maxTokens.get())
        : model.tokenizer(adapter);
  }

  private TaskScore score(TaskDescription description, List<TaskExample> examples, int threads) {
    long texts = examples.stream().mapToLong(example -> example.texts().size()).sum();
    try (Workers workers = new Workers(threads);
        Progress progress = new Progress("eval", Unit.TEXTS, texts)) {
      List<float[][]> outputs =
          new OutputSweep(model.network(), () -> model.model().using(adapter))
              .run(examples.stream().map(TaskExample::texts).toList(), workers, progress::add);
      return new TaskScorer(
              description.task(), description.labels(), description.calibration().temperature())
          .score(examples, outputs);
    }
  }

  private static void fill(
      ObjectNode root, TaskDescription description, TaskScore score, TaskExamples made) {
    root.put("task", description.task().word());
    TaskFigures.fill(root, score);
    root.put("temperature", description.calibration().temperature());
    root.put("truncated", made.truncated());
  }

  // ---- text ----

  private static void print(PrintStream out, TaskDescription description, TaskScore score) {
    TaskFigures.of(score).forEach((name, figure) -> out.printf("  %-18s %s%n", name, figure));
    if (description.calibration().examples() > 0) {
      out.printf(
          "  %-18s %s%n",
          "temperature", NumberFormats.format("%.3f", description.calibration().temperature()));
    }
    List<ClassScore> classes = TaskFigures.classes(score);
    if (!classes.isEmpty()) {
      out.printf("%n  %-18s %9s %9s %9s %9s%n", "", "precision", "recall", "F1", "examples");
      classes.forEach(
          one ->
              out.printf(
                  "  %-18s %9s %9s %9s %9s%n",
                  cut(one.name()),
                  NumberFormats.format("%.3f", one.precision()),
                  NumberFormats.format("%.3f", one.recall()),
                  NumberFormats.format("%.3f", one.f1()),
                  NumberFormats.count(one.support())));
    }
    if (score instanceof ClassificationScore own && own.classes().size() <= MAX_CONFUSION) {
      printConfusion(out, own);
    }
  }

  private static void printConfusion(PrintStream out, ClassificationScore score) {
    out.printf("%nConfusion matrix: rows are the examples' classes, columns the predicted ones%n");
    for (int target = 0; target < score.classes().size(); target++) {
      StringBuilder row = new StringBuilder();
      score.confusion().get(target).forEach(count -> row.append("%7d".formatted(count)));
      out.printf("  %-18s%s%n", cut(score.classes().get(target).name()), row);
    }
  }

  private static String cut(String name) {
    return name.length() <= NAME ? name : name.substring(0, NAME - 1) + "…";
  }
}
