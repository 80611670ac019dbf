package dev.lora4j.llm.dataset;

import java.util.Optional;

/** Counters for a {@link DataReport}. */
final class DataReportBuilder {
  private long rows;
  private long examples;
  private long tokens;
  private long lossTokens;
  private long truncated;
  private long dropped;
  private Optional<String> firstDropped = Optional.empty();
  private long endsAdded;
  private long seams;
  private long divided;

  void row() {
    rows++;
  }

  void example(Example example) {
    examples++;
    tokens += example.length();
    lossTokens += example.lossTokens();
  }

  void truncated() {
    truncated++;
  }

  void dropped(DataRow row) {
    dropped++;
    if (firstDropped.isEmpty()) {
      firstDropped = Optional.of(row.location());
    }
  }

  void endAdded() {
    endsAdded++;
  }

  void seam() {
    seams++;
  }

  void divided() {
    divided++;
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
