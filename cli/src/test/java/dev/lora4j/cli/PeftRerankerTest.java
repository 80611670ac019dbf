package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * PEFT's adapters for SEQ_CLS with one label, on the models of tools/encoder_embedding_fixtures.py.
 */
class PeftRerankerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path FIXTURES = Path.of("../llm/src/test/resources/fixtures/reranking");

  @TempDir Path directory;

  private static CommandLineRun run(
      String command, String model, String adapter, Path data, String... more) {
    Path base = FIXTURES.resolve(model);
    List<String> arguments =
        List.of(
            command,
            "--model",
            "" + base,
            "--adapter",
            "" + base.resolve(adapter),
            "--data",
            "" + data,
            "--workers",
            "1");
    return CommandLineRun.of(
        Stream.concat(arguments.stream(), Stream.of(more)).toArray(String[]::new));
  }

  private Path pairs(JsonNode query, JsonNode documents) throws IOException {
    List<String> rows = new ArrayList<>();
    for (JsonNode document : documents) {
      rows.add(
          JSON.createObjectNode()
              .put("query", query.asText())
              .put("passage", document.asText())
              .put("label", rows.isEmpty() ? 1 : 0)
              .toString());
    }
    return Files.write(directory.resolve("pairs.jsonl"), rows);
  }

  @ParameterizedTest
  @CsvSource({"cross, adapter, expected, adapter", "qwen3, head, head/expected, scores"})
  void theirRelevanceIsThatOfThePeer(String model, String adapter, String file, String tensor)
      throws IOException {
    try (PointerScope scope = new PointerScope();
        SafetensorsFile expected =
            SafetensorsFile.open(FIXTURES.resolve(model + "/" + file + ".safetensors"))) {
      JsonNode query = JSON.readTree("\"Where does the quick fox jump?\"");
      Path data = pairs(query, JSON.readTree(expected.metadata().get("documents")));
      Path out = directory.resolve("out.jsonl");

      CommandLineRun predicted =
          run("predict", model, adapter, data, "--task", "reranking", "--out", out.toString());
      CommandLineRun evaluated = run("eval", model, adapter, data, "--task", "reranking", "--json");

      assertThat(predicted.status()).as(predicted.err()).isZero();
      float[] scores = Ops.floats(expected.read(tensor));
      List<String> lines = Files.readAllLines(out);
      assertThat(lines).hasSize(scores.length);
      for (int i = 0; i < scores.length; i++) {
        assertThat(JSON.readTree(lines.get(i)).path("relevance").floatValue())
            .isCloseTo(scores[i], within(1e-5f));
      }
      assertThat(JSON.readTree(evaluated.out()).path("queries").asInt()).isEqualTo(1);
    }
  }

  @Test
  void withoutATaskTheyPredictANumber() throws IOException {
    Path data = pairs(JSON.readTree("\"a\""), JSON.readTree("[\"the fox\"]"));
    Path out = directory.resolve("out.jsonl");

    CommandLineRun predicted = run("predict", "cross", "adapter", data, "--out", out.toString());

    assertThat(predicted.status()).as(predicted.err()).isZero();
    assertThat(JSON.readTree(Files.readString(out)).path("predicted_value").isNumber()).isTrue();
  }
}
