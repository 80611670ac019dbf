package dev.lora4j.cli.train;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.llm.task.TextTask;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The task of a model, and the names of its classes. */
public final class TaskOptions {
  @Option(
      names = "--task",
      paramLabel = "TASK",
      description = {
        "Task on texts: text-classification, multi-label, text-regression, token-classification,"
            + " embedding or reranking (default: text generation).",
        "Task of a TorchScript file: image-classification, table-classification or"
            + " table-regression (default: image-classification)."
      })
  private @Nullable String task;

  @Option(
      names = "--classes",
      paramLabel = "FILE|NAME,…",
      description =
          "Names of the outputs, in order; a file has one per line (default: those saved with the"
              + " adapter, else the classes of the data, sorted).")
  private @Nullable String classes;

  /** Returns the name of the task, if one is given. */
  Optional<String> word() {
    return Optional.ofNullable(task);
  }

  /**
   * Returns the task on texts, if one is given.
   *
   * @throws UserError if no kind of model has the task
   */
  public Optional<TextTask> ofTexts() {
    if (task == null) {
      return Optional.empty();
    }
    List<String> all = new ArrayList<>(TextTask.words());
    all.addAll(ExampleDataOptions.TASKS);
    if (!all.contains(task)) {
      throw new UserError("--task: unknown task '" + task + "'" + NearMiss.hint(task, all));
    }
    return TextTask.find(task);
  }

  /** Trains for the task on texts, if one is given, else for text generation. */
  public TuningReport run(LanguageTraining common) {
    Optional<TextTask> ofTexts = ofTexts();
    if (ofTexts.isPresent()) {
      return new TaskTraining(ofTexts.get(), classes(), common).run();
    }
    refuseForGeneration();
    return common.run();
  }

  /**
   * Refuses options that text generation does not have.
   *
   * @throws UserError naming one
   */
  public void refuseForGeneration() {
    if (task != null) {
      throw new UserError("--task " + task + " applies to TorchScript files");
    }
    if (classes != null) {
      throw new UserError("--classes applies to a --task with classes");
    }
  }

  /** Returns the names of the classes; empty unless they are given. */
  public List<String> classes() {
    return classes == null ? List.of() : ClassNames.parse(classes);
  }
}
