package dev.lora4j.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs a benchmark process to its end and returns its JSON report and wall-clock time. */
final class PeerProcess {
  private static final ObjectMapper JSON = new ObjectMapper();

  private PeerProcess() {}

  /** A finished run: the JSON object that it printed, and the seconds from start to exit. */
  record Run(JsonNode report, double seconds) {

    double number(String pointer) {
      JsonNode node = report.at(pointer);
      if (!node.isNumber()) {
        throw new IllegalStateException("no number at " + pointer + " in " + report);
      }
      return node.doubleValue();
    }
  }

  static Run run(List<String> command) throws IOException, InterruptedException {
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(OwnedCommand.of(command))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    double seconds = (System.nanoTime() - start) / 1e9;
    if (status != 0) {
      throw new IllegalStateException(
          "exit status " + status + " from " + String.join(" ", command) + "; run it to see why");
    }
    return new Run(JSON.readTree(output.strip().lines().reduce("", (a, b) -> b)), seconds);
  }
}
