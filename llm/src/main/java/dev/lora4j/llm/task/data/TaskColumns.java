package dev.lora4j.llm.task.data;

import dev.lora4j.UserError;
import dev.lora4j.llm.task.TextTask;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The columns of a task's data, recognised from the fields of a row.
 *
 * @param texts columns of the texts, or the one column of the words
 * @param label column of the label or the number; empty if the rows have none
 * @param negatives columns of negatives, each a text or a list
 */
record TaskColumns(List<String> texts, Optional<String> label, List<String> negatives) {
  private static final String NEGATIVE = "negative";
  private static final String SCORE = "score";
  private static final String LABEL = "label";

  private static final List<List<String>> TEXTS =
      List.of(
          List.of("sentence1", "sentence2"),
          List.of("premise", "hypothesis"),
          List.of("question1", "question2"),
          List.of("text", "text_pair"),
          List.of("text_a", "text_b"),
          List.of("question", "sentence"),
          List.of("query", "passage"),
          List.of("text"),
          List.of("sentence"));

  private static final List<List<String>> WORDS = List.of(List.of("tokens"), List.of("words"));

  private static final List<List<String>> CONTRASTS =
      List.of(
          List.of("anchor", "positive"),
          List.of("query", "positive"),
          List.of("question", "answer"),
          List.of("query", "passage"),
          List.of("sentence1", "sentence2"));

  private static final List<List<String>> PASSAGES =
      List.of(
          List.of("query", "passage"),
          List.of("query", "document"),
          List.of("query", "text"),
          List.of("question", "answer"),
          List.of("sentence1", "sentence2"),
          List.of("query", "positive"),
          List.of("anchor", "positive"));

  private static final List<String> CLASSES = List.of(LABEL, "labels", "class", "category");
  private static final List<String> NUMBERS = List.of(SCORE, LABEL, "target", "value");
  private static final List<String> TAGS =
      List.of("ner_tags", "tags", "labels", "pos_tags", "chunk_tags", LABEL);

  /** The columns that are read. */
  List<String> all() {
    List<String> names = new ArrayList<>(texts);
    names.addAll(negatives);
    label.ifPresent(names::add);
    return names;
  }

  /** Those of the given fields that are not read. */
  List<String> others(Collection<String> fields) {
    return fields.stream().filter(field -> !all().contains(field)).toList();
  }

  /** The names that a task knows for the texts, the preferred ones first. */
  private static List<List<String>> textsOf(TextTask task) {
    return switch (task) {
      case TEXT_CLASSIFICATION, MULTI_LABEL, TEXT_REGRESSION -> TEXTS;
      case TOKEN_CLASSIFICATION -> WORDS;
      case EMBEDDING -> CONTRASTS;
      case RERANKING -> PASSAGES;
    };
  }

  private static List<String> labelsOf(TextTask task) {
    return switch (task) {
      case TEXT_CLASSIFICATION, MULTI_LABEL -> CLASSES;
      case TOKEN_CLASSIFICATION -> TAGS;
      case TEXT_REGRESSION, EMBEDDING, RERANKING -> NUMBERS;
    };
  }

  /**
   * Recognises the columns.
   *
   * @param place file, for the message
   * @throws UserError if a row with these fields has no texts for the task, or no label
   */
  static TaskColumns of(TextTask task, Collection<String> fields, String place) {
    TaskColumns columns = unlabelled(task, fields, place);
    boolean contrast = columns.texts().contains("positive");
    boolean optional = task == TextTask.EMBEDDING || (task == TextTask.RERANKING && contrast);
    if (columns.label().isEmpty() && !optional) {
      throw new UserError(
          "%s: no column with the label of %s; expected %s, found %s; map another name: --columns %s=%s"
              .formatted(
                  place,
                  task.word(),
                  String.join(" or ", labelsOf(task)),
                  String.join(", ", fields),
                  labelsOf(task).get(0),
                  other(fields, columns)));
    }
    if (task == TextTask.RERANKING && columns.label().isEmpty() && columns.negatives().isEmpty()) {
      throw new UserError(
          place + ": reranking needs negatives, a column 'negative', beside query and positive");
    }
    return columns;
  }

  /** Recognises the columns of rows that may have no label. */
  static TaskColumns unlabelled(TextTask task, Collection<String> fields, String place) {
    List<String> texts =
        textsOf(task).stream()
            .filter(fields::containsAll)
            .findFirst()
            .or(() -> oneText(task, fields))
            .orElseThrow(() -> new UserError(noTexts(task, fields, place)));
    List<String> rest = new ArrayList<>(fields);
    rest.removeAll(texts);
    Optional<String> label = labelsOf(task).stream().filter(rest::contains).findFirst();
    boolean contrasts = task == TextTask.EMBEDDING || task == TextTask.RERANKING;
    List<String> negatives =
        contrasts
            ? fields.stream().filter(field -> field.matches(NEGATIVE + "s?(_?\\d+)?")).toList()
            : List.of();
    boolean pairs = contrasts && !texts.contains("sentence1") && task == TextTask.EMBEDDING;
    return new TaskColumns(texts, pairs ? Optional.empty() : label, negatives);
  }

  /** The single text of rows to be embedded. */
  private static Optional<List<String>> oneText(TextTask task, Collection<String> fields) {
    return task == TextTask.EMBEDDING
        ? TEXTS.stream().filter(names -> names.size() == 1 && fields.containsAll(names)).findFirst()
        : Optional.empty();
  }

  private static String noTexts(TextTask task, Collection<String> fields, String place) {
    StringBuilder problem =
        new StringBuilder(
            "%s: no columns with the texts of %s; found %s; expected one of"
                .formatted(place, task.word(), String.join(", ", fields)));
    textsOf(task).forEach(names -> problem.append("\n  ").append(String.join(", ", names)));
    return problem
        .append("\nor map other names to them: --columns ")
        .append(textsOf(task).get(textsOf(task).size() - 1).get(0))
        .append('=')
        .append(fields.stream().findFirst().orElse("COLUMN"))
        .toString();
  }

  private static String other(Collection<String> fields, TaskColumns columns) {
    return fields.stream()
        .filter(field -> !columns.texts().contains(field))
        .findFirst()
        .orElse("COLUMN");
  }
}
