package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.embedding.Reranker;
import dev.lora4j.llm.embedding.RerankingOptions;
import dev.lora4j.llm.embedding.TextPair;
import dev.lora4j.llm.task.predict.Prediction;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.serve.TestClient.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with a small encoder, a classifier and a reranker. */
class TaskApiTest {
  private static final Path FIXTURES = Path.of("..", "llm", "src/test/resources/fixtures");
  private static final Path TINY = FIXTURES.resolve("task/tiny");
  private static final Path CROSS = FIXTURES.resolve("reranking/cross");
  private static final Path DECODER = FIXTURES.resolve("reranking/qwen3");
  private static final String TEXT = "the card";

  @TempDir static Path folder;
  private static LoraServer server;
  private static TestClient client;

  @BeforeAll
  static void start() throws IOException {
    Path later = Files.createDirectory(folder.resolve("later"));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(TINY.resolve("adapter").resolve(file), later.resolve(file));
    }
    server =
        LoraServer.builder()
            .model("tiny", TINY)
            .model("cross", CROSS)
            .model("decoder", DECODER)
            .adapter("tickets", TINY.resolve("adapter"))
            .adapter("peft", CROSS.resolve("adapter"))
            .adapter("headed", DECODER.resolve("head"))
            .adapters(folder)
            .port(0)
            .start();
    client = new TestClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Reply classify(String model, String input) {
    return client.post("/classify", "{\"model\": \"%s\", \"input\": %s}".formatted(model, input));
  }

  @Test
  void classesAreThoseOfTheLibrary() {
    Prediction expected;
    try (TextClassifier classifier = TextClassifier.open(TINY)) {
      classifier.load("tickets", TINY.resolve("adapter"));
      expected = classifier.classify("tickets", TEXT);
    }

    JsonNode answer = classify("tickets", "[\"the parcel was late\", \"" + TEXT + "\"]").json();

    assertThat(answer.path("object").asText()).isEqualTo("list");
    assertThat(answer.path("data")).hasSize(2);
    JsonNode second = answer.at("/data/1");
    assertThat(second.path("index").asInt()).isEqualTo(1);
    assertThat(second.path("label").asText()).isEqualTo(expected.label());
    assertThat(second.path("num_classes").asInt()).isEqualTo(expected.probabilities().length);
    assertThat(answer.path("labels")).hasSize(expected.probabilities().length);
    for (int i = 0; i < expected.probabilities().length; i++) {
      assertThat(second.path("probs").path(i).floatValue())
          .isCloseTo(expected.probabilities()[i], within(1e-5f));
    }
  }

  @Test
  void anAdapterOfTheFolderIsLoadedAtItsFirstRequest() {
    assertThat(classify("later", "\"" + TEXT + "\"").json().at("/data/0/probs"))
        .isEqualTo(classify("tickets", "\"" + TEXT + "\"").json().at("/data/0/probs"));
  }

  @Test
  void classifiersAreListed() {
    assertThat(client.get("/v1/models").json().path("data").findValuesAsText("id"))
        .contains("tiny", "cross", "tickets")
        .doesNotHaveDuplicates();
  }

  @Test
  void aClassifierIsAModelWhoseNameIsTaken() {
    assertThat(client.get("/v1/models/tickets").json().path("id").asText()).isEqualTo("tickets");

    Reply loaded =
        client.post(
            "/v1/load_lora_adapter", "{\"lora_name\": \"tickets\", \"lora_path\": \"later\"}");

    assertThat(loaded.status()).isEqualTo(400);
    assertThat(loaded.json().at("/error/message").asText()).contains("'tickets' is taken");
  }

  @Test
  void aLinkOutOfTheFolderIsNoAdapter() throws IOException {
    Files.createSymbolicLink(folder.resolve("link"), TINY.resolve("adapter").toAbsolutePath());

    assertThat(classify("link", "\"a\"").status()).isEqualTo(404);
  }

  @Test
  void aDamagedAdapterIsRefusedWithoutThePathOfItsFolder() throws IOException {
    Path broken = Files.createDirectory(folder.resolve("broken"));
    Files.copy(TINY.resolve("adapter/adapter_config.json"), broken.resolve("adapter_config.json"));

    Reply reply = classify("broken", "\"a\"");

    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.json().at("/error/message").asText())
        .contains("adapter 'broken' can't be loaded")
        .doesNotContain(folder.toString());
  }

  @Test
  void rankingIsThatOfTheLibrary() {
    List<String> documents = List.of("a card", "the parcel", "a login");
    float[] expected;
    try (Reranker reranker = Reranker.open(CROSS)) {
      expected =
          reranker.score(
              documents.stream().map(text -> new TextPair(TEXT, text)).toList(),
              RerankingOptions.standard());
    }

    JsonNode results =
        client
            .post(
                "/v1/rerank",
                "{\"model\": \"cross\", \"query\": \"the card\", \"top_n\": 2, \"documents\":"
                    + " [\"a card\", {\"text\": \"the parcel\"}, \"a login\"]}")
            .json()
            .path("results");

    assertThat(results).hasSize(2);
    for (JsonNode one : results) {
      int index = one.path("index").asInt();
      assertThat(one.path("relevance_score").floatValue())
          .isCloseTo(expected[index], within(1e-5f));
      assertThat(one.at("/document/text").asText()).isEqualTo(documents.get(index));
    }
    assertThat(results.path(0).path("relevance_score").doubleValue())
        .isGreaterThanOrEqualTo(results.path(1).path("relevance_score").doubleValue());
  }

  @Test
  void adaptersOfPeftWithOneLabelRank() {
    for (String adapter : List.of("peft", "headed")) {
      JsonNode results =
          client
              .post(
                  "/rerank",
                  "{\"model\": \"%s\", \"query\": \"a\", \"documents\": [\"the fox\", \"b\"]}"
                      .formatted(adapter))
              .json()
              .path("results");
      assertThat(results).as(adapter).hasSize(2);
      assertThat(results.at("/0/relevance_score").doubleValue()).isBetween(0.0, 1.0);
    }
  }

  @Test
  void wrongRequestsAreRefusedByName() {
    assertThat(classify("ticket", "\"a\"").status()).isEqualTo(404);
    assertThat(classify("ticket", "\"a\"").json().at("/error/message").asText())
        .contains("tickets");
    assertThat(classify("tickets", "[]").json().at("/error/param").asText()).isEqualTo("input");
    assertThat(classify("tickets", "[1]").status()).isEqualTo(400);
    assertThat(
            client
                .post("/rerank", "{\"model\": \"cross\", \"query\": \"a\", \"documents\": []}")
                .json()
                .at("/error/param")
                .asText())
        .isEqualTo("documents");
    assertThat(
            client
                .post(
                    "/rerank", "{\"model\": \"nothing\", \"query\": \"a\", \"documents\": [\"a\"]}")
                .status())
        .isEqualTo(404);
  }

  private static void assertTooMany(Reply reply, String parameter, String limit) {
    assertThat(reply.status()).isEqualTo(400);
    assertThat(reply.json().at("/error/param").asText()).isEqualTo(parameter);
    assertThat(reply.json().at("/error/message").asText()).startsWith(parameter).contains(limit);
  }

  @Test
  void moreTextsThanTheLimitAreRefused() {
    assertTooMany(
        classify("tickets", Collections.nCopies(2049, "\"a\"").toString()), "input", "2048");
    assertTooMany(rerank(Collections.nCopies(2049, "\"a\"")), "documents", "2048");
  }

  private static Reply rerank(List<String> documents) {
    return client.post(
        "/rerank",
        "{\"model\": \"cross\", \"query\": \"a\", \"documents\": %s}".formatted(documents));
  }

  @Test
  void longTextsAreCutAndCountOnlyAsLongAsTheyAreComputed() {
    List<String> texts = Collections.nCopies(400, "\"" + "the card ".repeat(100) + "\"");

    assertThat(classify("tickets", texts.toString()).json().path("data")).hasSize(400);
    assertThat(rerank(texts).json().path("results")).hasSize(400);
  }

  @Test
  void anAdapterForAnotherTaskIsRefusedAtTheStart(@TempDir Path adapter) throws IOException {
    Files.writeString(adapter.resolve("task.json"), "{\"task\": \"token-classification\"}");

    assertThatThrownBy(
            () ->
                LoraServer.builder()
                    .model("tiny", TINY)
                    .adapter("words", adapter)
                    .port(0)
                    .start()
                    .close())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("token-classification")
        .hasMessageContaining("lora predict");
  }
}
