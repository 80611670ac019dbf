package dev.lora4j.spark.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A measured run.
 *
 * @param executors their number, 0 for a single process without Spark
 * @param size tokens of a step, or rows
 * @param seconds median time of a step with its exchange, once the executors are warm, or time of
 *     all rows
 * @param exchange median time of the exchange in a step, in seconds; 0 for rows
 */
record BenchRecord(Kind kind, int executors, double size, double seconds, double exchange) {
  private static final ObjectMapper JSON = new ObjectMapper();

  enum Kind {
    TRAIN("tokens"),
    /** Training beside another such run, with which it shares nothing. */
    BESIDE("tokens"),
    EMBED("rows");

    private final String unit;

    Kind(String unit) {
      this.unit = unit;
    }
  }

  /** Returns tokens or rows a second. */
  double rate() {
    return size / seconds;
  }

  /** Prints a record and adds it to a file. */
  static void add(Path file, BenchRecord run) throws IOException {
    String line = JSON.writeValueAsString(run) + "\n";
    Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    System.out.printf("%.1f %s/s: %s", run.rate(), run.kind.unit, line);
  }

  static List<BenchRecord> read(Path file) throws IOException {
    List<BenchRecord> records = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      records.add(JSON.readValue(line, BenchRecord.class));
    }
    return records;
  }

  /** Returns the run of median rate. */
  static BenchRecord median(List<BenchRecord> records, Kind kind, int executors) {
    List<BenchRecord> runs =
        records.stream()
            .filter(run -> run.kind == kind && run.executors == executors)
            .sorted(Comparator.comparingDouble(BenchRecord::rate))
            .toList();
    if (runs.isEmpty()) {
      throw new UserError(
          "no run '%s' with %d executors; measure it first".formatted(kind, executors));
    }
    return runs.get(runs.size() / 2);
  }
}
