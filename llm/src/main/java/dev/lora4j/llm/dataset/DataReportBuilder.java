package dev.lora4j.llm.dataset;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Counters for a {@link DataReport}. */
final class DataReportBuilder {
  long rows;
  long truncated;
  long endsAdded;
  long seams;
  long divided;
  long emptyAnswers;
  private long examples;
  private long tokens;
  private long lossTokens;
  private long dropped;
  private Optional<String> firstDropped = Optional.empty();
  private long labelledTexts;
  private final Map<String, Long> ignored = new LinkedHashMap<>();
  private final Map<String, Long> notes = new TreeMap<>();

  void row(DataRow row) {
    rows++;
    row.ignored().forEach(field -> ignored.merge(field, 1L, Long::sum));
    if (row.sample() instanceof Sample.Text && row.ignored().contains("label")) {
      labelledTexts++;
    }
    row.notes().forEach(note -> notes.merge(note, 1L, Long::sum));
  }

  void example(Example example) {
    examples++;
    tokens += example.length();
    lossTokens += example.lossTokens();
  }

  void dropped(DataRow row) {
    dropped++;
    if (firstDropped.isEmpty()) {
      firstDropped = Optional.of(row.location());
    }
  }

  DataReport report(boolean endless) {
    return new DataReport(
        rows,
        examples,
        tokens,
        lossTokens,
        truncated,
        dropped,
        firstDropped,
        endsAdded,
        seams,
        divided,
        endless,
        ignored,
        notes,
        labelledTexts,
        emptyAnswers);
  }
}
