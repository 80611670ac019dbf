package dev.lora4j.llm.task.data;

import java.util.List;

/**
 * A row of labelled data.
 *
 * @param texts one text, or the two of a pair; the words of a sentence; an anchor, its positive and
 *     its negatives; a query and a passage
 * @param location file and row, for messages
 */
public record TaskRow(List<String> texts, RowTarget target, String location) {
  public TaskRow {
    texts = List.copyOf(texts);
  }

  /** Returns whether a text has no characters but white space. */
  public boolean hasEmptyText() {
    return texts.isEmpty() || texts.stream().anyMatch(String::isBlank);
  }
}
