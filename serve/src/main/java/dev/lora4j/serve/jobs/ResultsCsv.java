package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;

/** The metrics of a run as a table with OpenAI's columns; accuracies are not measured. */
final class ResultsCsv {
  static final String NAME = "step_metrics.csv";
  private static final String HEADER =
      "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n";
  private static final ObjectMapper JSON = new ObjectMapper();

  private ResultsCsv() {}

  /**
   * Writes the table.
   *
   * @param metrics a run's {@code metrics.jsonl}
   */
  static void write(Path metrics, Path target) throws IOException {
    TreeMap<Long, String[]> rows = new TreeMap<>();
    for (String line : Files.readAllLines(metrics)) {
      JsonNode json = JSON.readTree(line);
      String[] row = rows.computeIfAbsent(json.path("step").asLong(), s -> new String[] {"", ""});
      row[0] = json.has("loss") ? json.path("loss").asText() : row[0];
      row[1] = json.has("valid_loss") ? json.path("valid_loss").asText() : row[1];
    }
    try (BufferedWriter out = Files.newBufferedWriter(target)) {
      out.write(HEADER);
      for (var row : rows.entrySet()) {
        out.write("%d,%s,,%s,\n".formatted(row.getKey(), row.getValue()[0], row.getValue()[1]));
      }
    }
  }
}
