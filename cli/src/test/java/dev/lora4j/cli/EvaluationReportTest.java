package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code lora eval --report} on a tiny encoder. */
class EvaluationReportTest {
  private static final String MODEL = "../llm/src/test/resources/fixtures/task/tiny";

  @TempDir Path directory;

  private Path train(String task, Path data) {
    Path out = directory.resolve("adapter");
    CommandLineRun trained =
        CommandLineRun.of(
            "train",
            "--model",
            MODEL,
            "--task",
            task,
            "--data",
            "" + data,
            "--out",
            "" + out,
            "--lr",
            "1e-2",
            "--epochs",
            "8",
            "--workers",
            "2");
    assertThat(trained.status()).as(trained.err()).isZero();
    return out;
  }

  private CommandLineRun evaluate(Path adapter, Path data, Path page) {
    return CommandLineRun.of(
        "eval",
        "--model",
        MODEL,
        "--adapter",
        "" + adapter,
        "--data",
        "" + data,
        "--json",
        "--report",
        "" + page);
  }

  private Path rows(String header, String... rows) throws IOException {
    List<String> lines = new ArrayList<>(List.of(header));
    for (int i = 0; i < 30; i++) {
      lines.add(rows[i % rows.length].formatted(i));
    }
    return Files.write(directory.resolve("rows.csv"), lines);
  }

  @Test
  void aClassificationHasItsConfusionMatrixAndReliability() throws IOException {
    Path data = rows("text,label", "my card %d,<card>", "my parcel %d,parcel");
    Path page = directory.resolve("reports/test.html");

    CommandLineRun evaluated = evaluate(train("text-classification", data), data, page);

    assertThat(evaluated.status()).as(evaluated.err()).isZero();
    assertThat(evaluated.err()).contains("Report: " + page);
    JsonNode score = new ObjectMapper().readTree(evaluated.out());
    double accuracy = 100 * score.path("accuracy").asDouble();
    assertThat(Files.readString(page))
        .startsWith("<!DOCTYPE html>")
        .contains(
            String.format(Locale.ROOT, "<td>%.1f\u00a0%%</td>", accuracy), "rows.csv, 30 examples")
        .contains("Confusion matrix", "&lt;card&gt;", "Reliability", "temperature")
        .doesNotContain("<script", "http", "<card>");
    assertThat(Files.readString(page))
        .contains(
            ">%d</td>".formatted(score.path("confusion").path(0).path(0).asInt()),
            ">%d</td>".formatted(score.path("confusion").path(1).path(1).asInt()));
  }

  @Test
  void aRegressionHasItsPredictedNumbers() throws IOException {
    Path data = rows("text,score", "my card %1$d,%1$d.5");
    Path page = directory.resolve("test.html");

    CommandLineRun evaluated = evaluate(train("text-regression", data), data, page);

    assertThat(evaluated.status()).as(evaluated.err()).isZero();
    JsonNode score = new ObjectMapper().readTree(evaluated.out());
    assertThat(Files.readString(page))
        .contains(String.format(Locale.ROOT, "<td>%.4f</td>", score.path("rmse").asDouble()))
        .contains("predicted numbers over the examples")
        .doesNotContain("Confusion matrix");
  }

  @Test
  void aRankingHasItsMetrics() throws IOException {
    Path data = rows("anchor,positive", "my card %1$d,the card %1$d");
    Path page = directory.resolve("test.html");

    CommandLineRun evaluated = evaluate(train("embedding", data), data, page);

    assertThat(evaluated.status()).as(evaluated.err()).isZero();
    assertThat(Files.readString(page)).contains("nDCG@10", "recall@5", "embedding: ", "rows.csv");
  }

  @Test
  void generatedTextHasNoReport() throws IOException {
    Path page = directory.resolve("test.html");
    Path data = Files.writeString(directory.resolve("text.txt"), "some text");

    CommandLineRun refused =
        CommandLineRun.of("eval", "--model", MODEL, "--data", "" + data, "--report", "" + page);

    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err()).contains("--report applies to tasks on texts");
    assertThat(page).doesNotExist();
  }
}
