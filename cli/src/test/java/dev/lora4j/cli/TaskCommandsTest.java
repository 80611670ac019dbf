package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.tables.ParquetWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code lora train --task}, {@code eval} and {@code predict} on a tiny encoder. */
class TaskCommandsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODEL = "../llm/src/test/resources/fixtures/task/tiny";

  @TempDir Path directory;

  private Path tickets(String name, int rows) throws IOException {
    List<String> words = List.of("card", "parcel", "password");
    StringBuilder csv = new StringBuilder("id,text,label\n");
    for (int i = 0; i < rows; i++) {
      String word = words.get(i % 3);
      csv.append(
          "%d,my %s is %s again %d,%s\n".formatted(i, word, i % 2 == 0 ? "late" : "lost", i, word));
    }
    return Files.writeString(directory.resolve(name), csv);
  }

  private CommandLineRun train(Path data, Path out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                "--model",
                MODEL,
                "--task",
                "text-classification",
                "--data",
                data.toString(),
                "--out",
                out.toString(),
                "--lr",
                "1e-2",
                "--workers",
                "2"));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  @Test
  void aClassifierIsTrainedEvaluatedAndUsed() throws IOException {
    Path out = directory.resolve("adapter");
    Path data = tickets("train.csv", 60);

    CommandLineRun trained = train(data, out, "--json", "--epochs", "8");

    assertThat(trained.status()).as(trained.err()).isZero();
    JsonNode result = JSON.readTree(trained.out());
    assertThat(result.path("after").path("accuracy").asDouble()).isGreaterThan(0.9);
    assertThat(result.path("calibration").path("temperature").asDouble()).isPositive();
    assertThat(trained.err()).contains("3 classes: card 20, parcel 20, password 20");
    String page = Files.readString(out.resolve("report.html"));
    assertThat(page).contains("Confusion matrix", "precision", "password", "Reliability");

    Path test = tickets("test.csv", 9);
    CommandLineRun evaluated = evaluate(out, test);

    assertThat(evaluated.status()).as(evaluated.err()).isZero();
    JsonNode score = JSON.readTree(evaluated.out());
    assertThat(score.path("accuracy").asDouble()).isGreaterThan(0.8);
    assertThat(score.path("macro_f1").asDouble()).isGreaterThan(0.8);
    assertThat(score.path("nll").asDouble()).isPositive();
    assertThat(score.path("classes").path("card").path("support").asInt()).isEqualTo(3);
    assertThat(evaluated.err()).contains("Ignored columns: id.");

    Path labelled = directory.resolve("labelled.jsonl");
    CommandLineRun predicted = predict(out, test, labelled);

    assertThat(predicted.status()).as(predicted.err()).isZero();
    assertThat(predicted.out()).contains("Wrote 9 rows");
    List<String> lines = Files.readAllLines(labelled);
    JsonNode first = JSON.readTree(lines.get(0));
    assertThat(lines).hasSize(9);
    assertThat(first.path("id").asText()).isEqualTo("0");
    assertThat(first.path("predicted_label").asText()).isEqualTo("card");
    double sum = 0;
    for (JsonNode probability : first.path("probabilities")) {
      sum += probability.asDouble();
    }
    assertThat(sum).isCloseTo(1, within(1e-5));
  }

  @Test
  void labelsOfWordsAreEvaluatedAndPredicted() throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      String word = i % 2 == 0 ? "card" : "parcel";
      rows.append(
          "{\"tokens\":[\"my\",\"%s\",\"today\"],\"ner_tags\":[\"O\",\"B-%s\",\"O\"]}%n"
              .formatted(word, word));
    }
    Path data = Files.writeString(directory.resolve("words.jsonl"), rows);
    Path out = directory.resolve("adapter");
    CommandLineRun trained =
        train("token-classification", data, out, "--lr", "1e-2", "--epochs", "6");
    assertThat(trained.status()).as(trained.err()).isZero();

    CommandLineRun evaluated = evaluate(out, data);
    Path tagged = directory.resolve("tagged.jsonl");
    CommandLineRun predicted = predict(out, data, tagged);

    JsonNode score = JSON.readTree(evaluated.out());
    assertThat(score.path("entities").path("f1").asDouble()).isGreaterThan(0.9);
    assertThat(predicted.status()).as(predicted.err()).isZero();
    JsonNode second = JSON.readTree(Files.readAllLines(tagged).get(1));
    assertThat(second.path("predicted_tags").toString()).isEqualTo("[\"O\",\"B-parcel\",\"O\"]");
  }

  @Test
  void pairsAreEvaluatedByTheRankOfTheirPositive() throws IOException {
    StringBuilder rows = new StringBuilder("anchor,positive\n");
    for (int i = 0; i < 10; i++) {
      rows.append("my card %d,the card %d%n".formatted(i, i));
    }
    Path data = Files.writeString(directory.resolve("pairs.csv"), rows);
    Path out = directory.resolve("adapter");
    CommandLineRun trained = train("embedding", data, out, "--steps", "2");
    assertThat(trained.status()).as(trained.err()).isZero();

    CommandLineRun evaluated = evaluate(out, data);

    JsonNode score = JSON.readTree(evaluated.out());
    assertThat(score.path("task").asText()).isEqualTo("embedding");
    assertThat(score.path("queries").asInt()).isEqualTo(10);
    assertThat(score.path("ndcg_at_10").asDouble()).isBetween(0.0, 1.0);
  }

  private Path compressed(String name, String text) throws IOException {
    Path file = directory.resolve(name);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return file;
  }

  @Test
  void severalLabelsAreEvaluatedAndPredictedFromACompressedFile() throws IOException {
    StringBuilder rows = new StringBuilder("text,labels\n");
    for (int i = 0; i < 12; i++) {
      rows.append(i % 2 == 0 ? "my card is late,card;late\n" : "my parcel is lost,parcel\n");
    }
    Path data = compressed("labels.csv.gz", rows.toString());
    Path out = directory.resolve("adapter");
    CommandLineRun trained = train("multi-label", data, out, "--steps", "2");
    assertThat(trained.status()).as(trained.err()).isZero();

    JsonNode score = JSON.readTree(evaluate(out, data).out());
    Path labelled = directory.resolve("labelled.jsonl");
    CommandLineRun predicted = predict(out, data, labelled);

    assertThat(score.path("task").asText()).isEqualTo("multi-label");
    assertThat(score.path("classes").size()).isEqualTo(3);
    assertThat(score.path("macro_f1").asDouble()).isBetween(0.0, 1.0);
    assertThat(predicted.status()).as(predicted.err()).isZero();
    assertThat(Files.readAllLines(labelled)).hasSize(12);
    assertThat(JSON.readTree(Files.readAllLines(labelled).get(0)).path("probabilities").size())
        .isEqualTo(3);
  }

  @Test
  void numbersAndRelevanceAreEvaluatedAndPredicted() throws IOException {
    StringBuilder numbers = new StringBuilder("text,score\n");
    StringBuilder pairs = new StringBuilder("query,passage,label\n");
    for (int i = 0; i < 12; i++) {
      numbers.append("my card %d,%d.5%n".formatted(i, i));
      pairs.append("card %d,the card %d,%d%n".formatted(i / 2, i, i % 2));
    }
    for (String task : List.of("text-regression", "reranking")) {
      Path data = directory.resolve(task + ".csv");
      Files.writeString(data, task.equals("reranking") ? pairs : numbers);
      Path out = directory.resolve(task);
      CommandLineRun trained = train(task, data, out, "--steps", "2");
      assertThat(trained.status()).as(trained.err()).isZero();
      assertThat(Files.readString(out.resolve("report.html")).contains("predicted numbers over"))
          .isEqualTo(task.equals("text-regression"));

      JsonNode score = JSON.readTree(evaluate(out, data).out());
      Path predictions = directory.resolve(task + ".jsonl");
      CommandLineRun predicted = predict(out, data, predictions);

      assertThat(score.path("task").asText()).isEqualTo(task);
      assertThat(score.path(task.equals("reranking") ? "ndcg_at_10" : "spearman").isNumber())
          .as(score.toString())
          .isTrue();
      assertThat(predicted.status()).as(predicted.err()).isZero();
      assertThat(Files.readAllLines(predictions)).hasSize(12);
    }
  }

  @Test
  void vectorsArePredictedForAnEmbedding() throws IOException {
    StringBuilder rows = new StringBuilder("anchor,positive\n");
    for (int i = 0; i < 6; i++) {
      rows.append("my card %d,the card %d%n".formatted(i, i));
    }
    Path out = directory.resolve("adapter");
    Path pairs = Files.writeString(directory.resolve("pairs.csv"), rows);
    CommandLineRun trained = train("embedding", pairs, out, "--steps", "1");
    assertThat(trained.status()).as(trained.err()).isZero();
    Path texts = Files.writeString(directory.resolve("texts.csv"), "text\nmy card\nthe card\n");
    Path vectors = directory.resolve("vectors.jsonl");

    CommandLineRun predicted = predict(out, texts, vectors);

    assertThat(predicted.status()).as(predicted.err()).isZero();
    List<String> lines = Files.readAllLines(vectors);
    assertThat(lines).hasSize(2);
    assertThat(JSON.readTree(lines.get(0)).path("embedding").size()).isGreaterThan(1);
  }

  @Test
  void everyFormatOfTheTrainingDataIsPredictedAlike() throws IOException {
    Path out = directory.resolve("adapter");
    assertThat(train(tickets("train.csv", 12), out, "--steps", "2").status()).isZero();
    List<String> rows =
        List.of(
            "{\"id\":7,\"text\":\"my card\",\"label\":\"card\"}",
            "{\"id\":8,\"text\":\"my, parcel\",\"label\":null}",
            "{\"id\":9,\"text\":\"\",\"label\":\"unseen\"}");
    Path lines = Files.write(directory.resolve("rows.jsonl"), rows);
    Files.writeString(directory.resolve("rows.json"), rows.toString());
    Files.writeString(
        directory.resolve("rows.csv"),
        "id,text,label\n7,my card,card\n8,\"my, parcel\",\n9,\"\",unseen\n");
    Files.writeString(
        directory.resolve("rows.tsv"),
        "id\ttext\tlabel\n7\tmy card\tcard\n8\tmy, parcel\t\n9\t\tunseen\n");
    compressed("packed.jsonl.gz", String.join("\n", rows));
    Map<String, String> types = new LinkedHashMap<>();
    List.of("id", "text", "label").forEach(name -> types.put(name, "VARCHAR"));
    ParquetWriter.fromJsonLines(lines, types, directory.resolve("rows.parquet"));

    List<JsonNode> expected = predictions(out, lines);

    assertThat(expected).hasSize(3);
    for (String name :
        List.of("rows.json", "rows.csv", "rows.tsv", "packed.jsonl.gz", "rows.parquet")) {
      List<JsonNode> found = predictions(out, directory.resolve(name));
      assertThat(found).as(name).hasSize(3);
      for (int i = 0; i < 3; i++) {
        assertThat(found.get(i).path("id").asInt()).as(name).isEqualTo(7 + i);
        assertThat(found.get(i).path("probabilities"))
            .as(name)
            .isEqualTo(expected.get(i).path("probabilities"));
      }
    }
  }

  private List<JsonNode> predictions(Path adapter, Path data) throws IOException {
    Path labelled = directory.resolve("predicted.jsonl");
    CommandLineRun run = predict(adapter, data, labelled);
    assertThat(run.status()).as(run.err()).isZero();
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(labelled)) {
      rows.add(JSON.readTree(line));
    }
    return rows;
  }

  @Test
  void moreRowsThanAreKeptInMemoryKeepTheirOrder() throws IOException {
    Path out = directory.resolve("adapter");
    assertThat(train(tickets("train.csv", 12), out, "--steps", "2").status()).isZero();

    List<JsonNode> rows = predictions(out, tickets("many.csv", 4100)); // some are a part of 4096

    assertThat(rows).hasSize(4100);
    for (int i = 0; i < rows.size(); i++) {
      assertThat(rows.get(i).path("id").asInt()).isEqualTo(i);
    }
    assertThat(rows.get(4099).path("probabilities")).isNotEmpty();
  }

  @Test
  void anOptionOfGenerationIsRefused() throws IOException {
    CommandLineRun run =
        train(tickets("train.csv", 6), directory.resolve("out"), "--system-prompt", "Be brief.");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("--system-prompt applies to text generation");
  }

  @Test
  void aRunIsRepeatedFromItsOptions() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    CommandLineRun trained =
        train(tickets("train.csv", 30), first, "--steps", "3", "--class-weights", "balanced");
    assertThat(trained.status()).as(trained.err()).isZero();

    CommandLineRun repeated =
        CommandLineRun.of(
            "train", "--config", first.resolve("run.yaml").toString(), "--out", second.toString());

    assertThat(repeated.status()).as(repeated.err()).isZero();
    String weights = "adapter_model.safetensors";
    assertThat(Files.readAllBytes(second.resolve(weights)))
        .isEqualTo(Files.readAllBytes(first.resolve(weights)));
  }

  @Test
  void anUnknownTaskNamesTheNearest() throws IOException {
    CommandLineRun run =
        CommandLineRun.of(
            "train",
            "--model",
            MODEL,
            "--task",
            "text-clasification",
            "--data",
            tickets("train.csv", 6).toString(),
            "--out",
            directory.resolve("out").toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("did you mean text-classification");
  }

  @Test
  void anAdapterOfGenerationPredictsNothing() throws IOException {
    Path adapter = directory.resolve("generation");
    Files.createDirectories(adapter);
    Files.writeString(adapter.resolve("adapter_config.json"), "{\"task_type\": \"CAUSAL_LM\"}");

    CommandLineRun run =
        CommandLineRun.of(
            "predict",
            "--model",
            MODEL,
            "--adapter",
            adapter.toString(),
            "--data",
            tickets("test.csv", 3).toString(),
            "--out",
            directory.resolve("x.jsonl").toString());

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("is no adapter for a task on texts");
  }

  private static CommandLineRun train(String task, Path data, Path out, String... more) {
    return run(
        List.of("train", "--model", MODEL, "--task", task, "--data", "" + data, "--out", "" + out),
        more);
  }

  private static CommandLineRun evaluate(Path adapter, Path data) {
    return CommandLineRun.of(
        "eval", "--model", MODEL, "--adapter", "" + adapter, "--data", "" + data, "--json");
  }

  private static CommandLineRun predict(Path adapter, Path data, Path out, String... more) {
    return run(
        List.of(
            "predict",
            "--model",
            MODEL,
            "--adapter",
            "" + adapter,
            "--data",
            "" + data,
            "--out",
            "" + out),
        more);
  }

  private static CommandLineRun run(List<String> command, String... more) {
    return CommandLineRun.of(
        Stream.concat(command.stream(), Stream.of(more)).toArray(String[]::new));
  }
}
