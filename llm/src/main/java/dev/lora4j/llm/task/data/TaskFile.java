package dev.lora4j.llm.task.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.RowParser;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.file.DataFile;
import dev.lora4j.llm.dataset.file.Splits;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Consumer;

/** A file of a task's data: jsonl, json, csv, tsv or parquet. Rows are streamed. */
public final class TaskFile {
  private final Path path;
  private final TextTask task;
  private final TextData.Options options;
  private final Splits splits;
  private final TaskColumns columns;
  private final boolean labelled;
  private final List<String> ignored;

  private TaskFile(
      Path path,
      TextTask task,
      TextData.Options options,
      Splits splits,
      TaskColumns columns,
      boolean labelled,
      List<String> fields) {
    this.path = path;
    ignored = columns.others(fields);
    this.task = task;
    this.options = options;
    this.splits = splits;
    this.columns = columns;
    this.labelled = labelled;
  }

  /**
   * Opens labelled data, and recognises the columns from the first row.
   *
   * @throws UserError if the file is missing or empty, or a column is missing
   */
  public static TaskFile open(Path path, TextTask task, TextData.Options options) {
    return open(path, task, options, true);
  }

  /** Opens data for predictions; labels, if there are any, are not read. */
  public static TaskFile openUnlabelled(Path path, TextTask task, TextData.Options options) {
    return open(path, task, options, false);
  }

  private static TaskFile open(
      Path path, TextTask task, TextData.Options options, boolean labelled) {
    DataFile source = new DataFile(path, options.encoding(), options.split());
    if (source.isPlainText()) {
      throw new UserError(
          path + ": a txt file has no columns; " + task.word() + " needs csv, jsonl or parquet");
    }
    Splits splits = source.splits();
    TextData.Options chosen =
        splits
            .training()
            .filter(split -> options.split().isEmpty() && splits.names().size() > 1)
            .map(options::split)
            .orElse(options);
    DataFile rows = new DataFile(path, chosen.encoding(), chosen.split());
    List<TaskColumns> found = new ArrayList<>();
    List<String> fields = new ArrayList<>();
    rows.read(
        (number, json) -> {
          RowParser row = RowParser.of(rows, number, json, options);
          row.requireColumns();
          fields.addAll(row.fields());
          String place = rows.name();
          found.add(
              labelled
                  ? TaskColumns.of(task, row.fields(), place)
                  : TaskColumns.unlabelled(task, row.fields(), place));
          return false;
        });
    if (found.isEmpty()) {
      throw new UserError(path + ": the file has no rows");
    }
    return new TaskFile(path, task, chosen, splits, found.get(0), labelled, fields);
  }

  /** Columns of the first row that the task does not read. */
  public List<String> ignored() {
    return ignored;
  }

  public TextTask task() {
    return task;
  }

  public Path path() {
    return path;
  }

  /** The path, and the split if the file holds several. */
  public String name() {
    return source().name();
  }

  private DataFile source() {
    return new DataFile(path, options.encoding(), options.split());
  }

  /** Names the columns that are read, such as {@code sentence1, sentence2, label}. */
  public String described() {
    return String.join(", ", columns.all());
  }

  /** Returns whether rows have a label or a number. */
  public boolean isLabelled() {
    return labelled && columns.label().isPresent();
  }

  /** Returns whether rows have given negatives. */
  public boolean hasNegatives() {
    return !columns.negatives().isEmpty();
  }

  /** The validation split of the file, if it has one. */
  public Optional<TaskFile> validation() {
    return splits.validation().map(split -> open(path, task, options.split(split)));
  }

  /** The test split of the file, else the validation split, else this. */
  public TaskFile evaluation() {
    return splits.evaluation().map(split -> open(path, task, options.split(split))).orElse(this);
  }

  /** Passes all rows to a consumer, in the order of the file. */
  public void forEach(Consumer<TaskRow> taker) {
    forEachRaw(
        (json, row) -> {
          taker.accept(row);
          return true;
        });
  }

  /**
   * Passes rows with their JSON text to a consumer, until it returns false.
   *
   * @throws UserError naming the row that does not fit
   */
  public void forEachRaw(BiPredicate<String, TaskRow> taker) {
    DataFile rows = source();
    rows.read(
        (number, json) -> {
          for (TaskRow row : parse(RowParser.of(rows, number, json, options))) {
            if (!taker.test(json, row)) {
              return false;
            }
          }
          return true;
        });
  }

  // ---- a row ----

  private List<TaskRow> parse(RowParser row) {
    List<TaskRow> parsed = task == TextTask.RERANKING ? passages(row) : List.of(single(row));
    row.finish(task.word());
    return parsed;
  }

  private TaskRow single(RowParser row) {
    List<String> texts =
        task == TextTask.TOKEN_CLASSIFICATION
            ? row.texts(columns.texts().get(0))
            : new ArrayList<>(columns.texts().stream().map(row::anyText).toList());
    for (String negative : columns.negatives()) {
      texts.addAll(row.texts(negative));
    }
    return new TaskRow(texts, target(row), row.location());
  }

  /** A query with a passage, or with a positive and negatives, each a row of its own. */
  private List<TaskRow> passages(RowParser row) {
    String query = row.anyText(columns.texts().get(0));
    String passage = row.anyText(columns.texts().get(1));
    if (columns.negatives().isEmpty()) {
      return List.of(new TaskRow(List.of(query, passage), target(row), row.location()));
    }
    List<TaskRow> rows = new ArrayList<>();
    rows.add(new TaskRow(List.of(query, passage), new RowTarget.Value(1), row.location()));
    for (String column : columns.negatives()) {
      for (String negative : row.texts(column)) {
        rows.add(new TaskRow(List.of(query, negative), new RowTarget.Value(0), row.location()));
      }
    }
    return rows;
  }

  private RowTarget target(RowParser row) {
    if (columns.label().isEmpty()) {
      return new RowTarget.None();
    }
    String column = columns.label().get();
    if (!labelled) {
      row.skip(column);
      return new RowTarget.None();
    }
    return switch (task) {
      case TEXT_CLASSIFICATION -> new RowTarget.Names(List.of(name(row, column)));
      case MULTI_LABEL -> new RowTarget.Names(names(row, column));
      case TOKEN_CLASSIFICATION -> new RowTarget.Names(row.texts(column));
      case TEXT_REGRESSION, EMBEDDING, RERANKING -> new RowTarget.Value(row.number(column));
    };
  }

  private static String name(RowParser row, String column) {
    JsonNode value = row.required(column);
    String name = LabelNames.text(value);
    if (value.isContainerNode() || name.isEmpty()) {
      throw row.wrong(column + ": expected one label, found " + value);
    }
    return name;
  }

  /** A list of labels, or a text of labels separated by commas, semicolons or bars. */
  private static List<String> names(RowParser row, String column) {
    JsonNode value = row.required(column);
    if (value.isArray() || value.asText().startsWith("[")) {
      return row.texts(column).stream().distinct().toList();
    }
    List<String> names = new ArrayList<>();
    for (String part : value.asText().split("[,;|]", -1)) {
      if (!part.isBlank() && !names.contains(part.strip())) {
        names.add(part.strip());
      }
    }
    return names;
  }
}
