package dev.lora4j.llm.task;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A task on texts. */
public enum TextTask {
  /** One class for each text or pair of texts. */
  TEXT_CLASSIFICATION("text-classification", "SEQ_CLS", "single_label_classification"),

  /** Any number of labels for each text or pair of texts. */
  MULTI_LABEL("multi-label", "SEQ_CLS", "multi_label_classification"),

  /** One number for each text or pair of texts. */
  TEXT_REGRESSION("text-regression", "SEQ_CLS", "regression"),

  /** One label for each word, such as named entities. */
  TOKEN_CLASSIFICATION("token-classification", "TOKEN_CLS", ""),

  /** A vector for each text, near those of related texts. */
  EMBEDDING("embedding", "FEATURE_EXTRACTION", ""),

  /** The relevance of a passage to a query, read together. */
  RERANKING("reranking", "SEQ_CLS", "");

  private final String word;
  private final String peftType;
  private final String problemType;

  TextTask(String word, String peftType, String problemType) {
    this.word = word;
    this.peftType = peftType;
    this.problemType = problemType;
  }

  /** The value of {@code --task}. */
  public String word() {
    return word;
  }

  /** PEFT's {@code task_type}. */
  public String peftType() {
    return peftType;
  }

  /** Transformers' {@code problem_type}; empty if it has none for the task. */
  public Optional<String> problemType() {
    return problemType.isEmpty() ? Optional.empty() : Optional.of(problemType);
  }

  /** Returns whether the task predicts labels with names. */
  public boolean hasLabels() {
    return this == TEXT_CLASSIFICATION || this == MULTI_LABEL || this == TOKEN_CLASSIFICATION;
  }

  /** Returns whether a head is trained beside the adapter. */
  public boolean hasHead() {
    return this != EMBEDDING;
  }

  /** Returns whether training needs examples of two classes at least. */
  public boolean needsTwoClasses() {
    return this == TEXT_CLASSIFICATION || this == TOKEN_CLASSIFICATION;
  }

  /** The values of {@code --task}, in order. */
  public static List<String> words() {
    return Arrays.stream(values()).map(TextTask::word).toList();
  }

  /** The task with this word, if there is one. */
  public static Optional<TextTask> find(String word) {
    return Arrays.stream(values()).filter(task -> task.word.equals(word)).findFirst();
  }

  /**
   * The task with this word.
   *
   * @throws UserError listing the tasks
   */
  public static TextTask named(String word) {
    return find(word)
        .orElseThrow(
            () -> new UserError("unknown task '" + word + "'" + NearMiss.hint(word, words())));
  }
}
