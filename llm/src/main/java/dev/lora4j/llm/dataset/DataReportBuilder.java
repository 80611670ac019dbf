package dev.lora4j.llm.dataset;

import java.util.Optional;

/** Counters for a {@link DataReport}. */
final class DataReportBuilder {
  long rows;
  long truncated;
  long endsAdded;
  long seams;
  long divided;
  private long examples;
  private long tokens;
  private long lossTokens;
  private long dropped;
  private Optional<String> firstDropped = Optional.empty();

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
        endless);
  }
}
