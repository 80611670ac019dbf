package dev.lora4j.llm.task.data;

import java.util.List;

/** The target of a row of labelled data. */
public sealed interface RowTarget {

  /** Names: one class, any number of labels, or one label for each word. */
  record Names(List<String> names) implements RowTarget {
    public Names {
      names = List.copyOf(names);
    }
  }

  /** A number: a regression's value, a similarity, or a relevance. */
  record Value(double value) implements RowTarget {}

  /** Nothing, as for contrastive training or predictions. */
  record None() implements RowTarget {}
}
