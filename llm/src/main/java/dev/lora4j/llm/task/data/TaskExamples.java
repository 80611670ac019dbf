package dev.lora4j.llm.task.data;

import dev.lora4j.UserError;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The examples of a file, with counts for a report.
 *
 * @param examples in the order of the file
 * @param truncated inputs that lost tokens to the limit
 * @param empty rows with an empty text
 * @param ignored columns that the task does not read
 */
public record TaskExamples(
    List<TaskExample> examples, long truncated, long empty, List<String> ignored) {
  public TaskExamples {
    examples = List.copyOf(examples);
    ignored = List.copyOf(ignored);
  }

  /** The distinct labels of rows. */
  public static Set<String> labels(List<TaskRow> rows) {
    Set<String> found = new LinkedHashSet<>();
    for (TaskRow row : rows) {
      if (row.target() instanceof RowTarget.Names names) {
        found.addAll(names.names());
      }
    }
    return found;
  }

  /** All rows of a file. */
  public static List<TaskRow> rows(TaskFile file) {
    List<TaskRow> rows = new ArrayList<>();
    file.forEach(rows::add);
    return rows;
  }

  /**
   * Tokenizes rows.
   *
   * @param labels the model's labels; none for tasks without
   * @throws UserError naming a row with a label that is not among them
   */
  public static TaskExamples of(
      TaskFile file, List<TaskRow> rows, LabelNames labels, TaskTokenizer tokenizer) {
    long before = tokenizer.truncated();
    Maker maker = new Maker(file.task(), labels, tokenizer);
    rows.forEach(maker::add);
    return new TaskExamples(
        maker.made, maker.truncated + tokenizer.truncated() - before, maker.empty, file.ignored());
  }

  /** Number of tokens of all examples. */
  public long tokens() {
    return examples.stream().mapToLong(TaskExample::length).sum();
  }

  /** One line of figures. */
  public String summary() {
    return String.format(Locale.ROOT, "%,d examples: %,d tokens", examples.size(), tokens());
  }

  /** Warnings, one sentence each. */
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>();
    if (!ignored.isEmpty()) {
      warnings.add("Ignored columns: " + String.join(", ", ignored) + ".");
    }
    if (truncated > 0) {
      warnings.add(
          String.format(
              Locale.ROOT, "%,d texts truncated to the maximum sequence length.", truncated));
    }
    if (empty > 0) {
      warnings.add(String.format(Locale.ROOT, "%,d rows with an empty text.", empty));
    }
    return warnings;
  }

  /** Tokenizes row after row, and counts. */
  private static final class Maker {
    private final TextTask task;
    private final LabelNames labels;
    private final TaskTokenizer tokenizer;
    private final List<TaskExample> made = new ArrayList<>();
    private long truncated; // sentences of words
    private long empty;

    Maker(TextTask task, LabelNames labels, TaskTokenizer tokenizer) {
      this.task = task;
      this.labels = labels;
      this.tokenizer = tokenizer;
    }

    void add(TaskRow row) {
      empty += row.hasEmptyText() ? 1 : 0;
      switch (task) {
        case TEXT_CLASSIFICATION, MULTI_LABEL, TEXT_REGRESSION ->
            made.add(new TaskExample(List.of(together(row)), target(row), ""));
        case TOKEN_CLASSIFICATION -> made.add(words(row));
        case EMBEDDING ->
            made.add(
                new TaskExample(
                    row.texts().stream().map(tokenizer::tokenize).toList(), target(row), ""));
        case RERANKING ->
            made.add(new TaskExample(List.of(together(row)), target(row), row.texts().get(0)));
      }
    }

    private TokenSequence together(TaskRow row) {
      return row.texts().size() == 1
          ? tokenizer.tokenize(row.texts().get(0))
          : tokenizer.tokenize(row.texts().get(0), row.texts().get(1));
    }

    private TaskExample words(TaskRow row) {
      WordTokens tokens = WordTokens.of(row.texts(), tokenizer);
      truncated += tokens.missing() > 0 ? 1 : 0;
      if (!(row.target() instanceof RowTarget.Names names)) {
        return new TaskExample(List.of(tokens.tokens()), new float[0], "");
      }
      if (names.names().size() != row.texts().size()) {
        throw new UserError(
            "%s: expected a label for each of %d words, found %d"
                .formatted(row.location(), row.texts().size(), names.names().size()));
      }
      int[] ofWords =
          names.names().stream().mapToInt(name -> labels.require(name, row.location())).toArray();
      return new TaskExample(List.of(tokens.tokens()), tokens.labels(ofWords), "");
    }

    private float[] target(TaskRow row) {
      if (row.target() instanceof RowTarget.Value value) {
        return new float[] {(float) value.value()};
      }
      if (!(row.target() instanceof RowTarget.Names names)) {
        return new float[0];
      }
      if (task == TextTask.TEXT_CLASSIFICATION) {
        return new float[] {labels.require(names.names().get(0), row.location())};
      }
      float[] each = new float[labels.size()];
      names.names().forEach(name -> each[labels.require(name, row.location())] = 1);
      return each;
    }
  }
}
