package dev.lora4j.serve.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.train.CausalLmObjective;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a run as a table with OpenAI's columns. Accuracies are mean token accuracies, of
 * which preference pairs have none.
 */
final class ResultsCsv {
  static final String NAME = "step_metrics.csv";
  private static final String HEADER =
      "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n";
  private static final String VALID_LOSS = "valid_loss";
  private static final ObjectMapper JSON = new ObjectMapper();

  private ResultsCsv() {}

  /**
   * Writes the table.
   *
   * @param metrics a run's {@code metrics.jsonl}
   */
  static void write(Path metrics, Path target) throws IOException {
    TreeMap<Long, JsonNode> steps = new TreeMap<>();
    TreeMap<Long, JsonNode> evaluations = new TreeMap<>();
    for (String line : Files.readAllLines(metrics)) {
      JsonNode json = JSON.readTree(line);
      (json.has(VALID_LOSS) ? evaluations : steps).put(json.path("step").asLong(), json);
    }
    TreeSet<Long> numbers = new TreeSet<>(steps.keySet());
    numbers.addAll(evaluations.keySet());
    try (BufferedWriter out = Files.newBufferedWriter(target)) {
      out.write(HEADER);
      for (long number : numbers) {
        String trained = values(steps.get(number), "loss");
        out.write(
            number + "," + trained + "," + values(evaluations.get(number), VALID_LOSS) + "\n");
      }
    }
  }

  private static String values(@Nullable JsonNode measured, String loss) {
    return measured == null
        ? ","
        : measured.path(loss).asText()
            + ","
            + measured.path(CausalLmObjective.TOKEN_ACCURACY).asText();
  }
}
