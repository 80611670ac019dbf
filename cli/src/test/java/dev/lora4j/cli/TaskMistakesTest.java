package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong data, models and adapters of tasks on texts: status 2 with a message, or a count. */
class TaskMistakesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path MODEL = Path.of("../llm/src/test/resources/fixtures/task/tiny");
  private static final List<String> FILES =
      List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

  @TempDir static Path shared;
  private static Path trained;

  @TempDir Path directory;

  @BeforeAll
  static void train() throws IOException {
    trained = shared.resolve("trained");
    Path data =
        Files.writeString(shared.resolve("data.csv"), "text,label\nmy card,a\nmy parcel,b\n");
    CommandLineRun run = train(MODEL, data, trained);
    assertThat(run.status()).as(run.err()).isZero();
  }

  private static CommandLineRun train(Path model, Path data, Path out, String... more) {
    return run(
        List.of(
            "train",
            "--model",
            "" + model,
            "--task",
            "text-classification",
            "--data",
            "" + data,
            "--out",
            "" + out,
            "--steps",
            "1",
            "--workers",
            "1"),
        more);
  }

  private CommandLineRun evaluate(Path model, Path adapter, Path data, String... more) {
    return run(
        List.of("eval", "--model", "" + model, "--adapter", "" + adapter, "--data", "" + data),
        more);
  }

  private CommandLineRun predict(Path model, Path adapter, Path data) {
    return CommandLineRun.of(
        "predict",
        "--model",
        "" + model,
        "--adapter",
        "" + adapter,
        "--data",
        "" + data,
        "--out",
        "" + directory.resolve("out.jsonl"),
        "--json",
        "--workers",
        "1");
  }

  private static CommandLineRun run(List<String> command, String... more) {
    return CommandLineRun.of(
        Stream.concat(command.stream(), Stream.of(more)).toArray(String[]::new));
  }

  private Path data(String rows) throws IOException {
    return Files.writeString(directory.resolve("rows.csv"), "text,label\n" + rows);
  }

  private Path changed(String file, Consumer<ObjectNode> change) throws IOException {
    Path copy = Files.createDirectories(directory.resolve("model"));
    for (String one : FILES) {
      Files.copy(MODEL.resolve(one), copy.resolve(one));
    }
    ObjectNode json = (ObjectNode) JSON.readTree(copy.resolve(file).toFile());
    change.accept(json);
    JSON.writeValue(copy.resolve(file).toFile(), json);
    return copy;
  }

  private static void assertRefused(CommandLineRun run, String... parts) {
    assertThat(run.status()).as(run.out() + run.err()).isEqualTo(2);
    assertThat(run.err()).contains(parts);
  }

  // ---- data ----

  @Test
  void aLabelUnseenInTrainingIsNamedByTheEvaluation() throws IOException {
    assertRefused(
        evaluate(MODEL, trained, data("my card,a\nmy card,aa\n")),
        "rows.csv, row 2",
        "the label 'aa' is not one of the model's 2",
        "valid: a, b");
  }

  @Test
  void oneClassIsRefused() throws IOException {
    assertRefused(
        train(MODEL, data("my card,a\nmy parcel,a\n"), directory.resolve("x")),
        "every row has the label 'a'");
  }

  @Test
  void emptyTextsAreCounted() throws IOException {
    Path data = data("my card,a\n\"\",b\n\" \",b\nmy parcel,b\n");

    CommandLineRun run = train(MODEL, data, directory.resolve("x"));
    CommandLineRun evaluated = evaluate(MODEL, trained, data);
    CommandLineRun predicted = predict(MODEL, trained, data);

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out() + run.err()).contains("2 rows with an empty text.");
    assertThat(evaluated.out() + evaluated.err()).contains("2 rows with an empty text.");
    assertThat(JSON.readTree(predicted.out()).path("empty").asInt()).isEqualTo(2);
  }

  @Test
  void textsOverTheLimitAreCounted() throws IOException {
    Path data = data("my card,a\n" + "my parcel ".repeat(40) + ",b\n");

    CommandLineRun run = train(MODEL, data, directory.resolve("x"), "--max-seq-length", "16");
    CommandLineRun evaluated = evaluate(MODEL, directory.resolve("x"), data, "--json");
    CommandLineRun predicted = predict(MODEL, directory.resolve("x"), data);

    assertThat(run.out() + run.err()).contains("1 texts truncated to the maximum sequence length.");
    assertThat(JSON.readTree(evaluated.out()).path("truncated").asInt()).isEqualTo(1);
    assertThat(JSON.readTree(predicted.out()).path("truncated").asInt()).isEqualTo(1);
  }

  @Test
  void anotherTaskThanTheAdaptersIsRefused() throws IOException {
    assertRefused(
        evaluate(MODEL, trained, data("my card,a\n"), "--task", "multi-label"),
        "--task multi-label",
        "is an adapter for text-classification");
  }

  // ---- adapters and models ----

  private Path adapterWithLabels(String names) throws IOException {
    Path copy = Files.createDirectories(directory.resolve("adapter"));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(trained.resolve(file), copy.resolve(file));
    }
    Files.writeString(
        copy.resolve("config.json"),
        "{\"model_type\": \"bert\", \"id2label\": %s}".formatted(names));
    return copy;
  }

  @Test
  void aHeadOfAnotherSizeThanTheLabelsIsRefused() throws IOException {
    Path adapter = adapterWithLabels("{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}");

    assertRefused(
        predict(MODEL, adapter, data("my card,a\n")),
        "the head has 2 outputs",
        "names 3 labels: a, b, c");
  }

  @Test
  void aHeadOfAnotherSizeThanTheTaskIsRefused() throws IOException {
    Path adapter = adapterWithLabels("{\"0\": \"a\", \"1\": \"b\"}");
    Files.writeString(adapter.resolve("task.json"), "{\"task\": \"text-regression\"}");

    assertRefused(
        predict(MODEL, adapter, data("my card,a\n")),
        "a head for text-regression has one output, but this one has 2");
  }

  @Test
  void otherLabelsThanThoseOfTheContinuedAdapterAreRefused() throws IOException {
    assertRefused(
        train(
            MODEL,
            data("my card,a\nmy parcel,b\n"),
            directory.resolve("x"),
            "--adapter",
            trained.toString(),
            "--classes",
            "a,b,c"),
        "has the labels a, b, but those given are a, b, c");
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "eval", "predict"})
  void aTokenizerWithoutSpecialTokensIsRefused(String command) throws IOException {
    Path model = changed("tokenizer.json", json -> json.putNull("post_processor"));
    Path data = data("my card,a\nmy parcel,b\n");

    assertRefused(
        switch (command) {
          case "train" -> train(model, data, directory.resolve("x"));
          case "eval" -> evaluate(model, trained, data);
          default -> predict(model, trained, data);
        },
        "tokenizer.json",
        "adds no special tokens",
        "post_processor");
  }

  @Test
  void aTokenOutsideTheVocabularyIsNamed() throws IOException {
    Path model =
        changed("tokenizer.json", json -> ((ObjectNode) json.at("/model/vocab")).put("card", 5000));

    assertRefused(
        predict(model, trained, data("my card,a\n")),
        "token 5000",
        "is the tokenizer another model's?");
  }

  @Test
  void anUnknownFamilyIsNamedWithTheNearest() throws IOException {
    Path model = changed("config.json", json -> json.put("model_type", "brt"));

    assertRefused(
        train(model, data("my card,a\nmy parcel,b\n"), directory.resolve("x")),
        "'brt' is not supported; did you mean bert?",
        "llama",
        "xlm-roberta");
  }

  @Test
  void aFieldThatWouldChangeTheResultIsRefusedByName() throws IOException {
    Path model =
        changed("config.json", json -> json.put("position_embedding_type", "relative_key"));

    assertRefused(
        train(model, data("my card,a\nmy parcel,b\n"), directory.resolve("x")),
        "position_embedding_type");
  }

  @Test
  void aPoolingThatIsNotKnownIsRefusedByName() throws IOException {
    Path model = changed("config.json", json -> {});
    Files.createDirectories(model.resolve("1_Pooling"));
    Files.writeString(model.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"attention\"}");
    Files.writeString(
        model.resolve("modules.json"),
        """
        [{"type": "sentence_transformers.models.Transformer", "path": ""},
         {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
        """);

    assertRefused(
        CommandLineRun.of("embed", "--model", model.toString(), "--json", "a text"),
        "pooling attention is not supported",
        "lasttoken");
  }
}
