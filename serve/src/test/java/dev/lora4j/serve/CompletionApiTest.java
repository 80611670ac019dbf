package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.lora.format.BaseCheck;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Completions, whole and streamed, and what belongs to them. */
class CompletionApiTest {
  @TempDir static Path directory;
  private static TinyServer tiny;
  private static TestClient client;

  @BeforeAll
  static void start() {
    tiny = TinyServer.start(directory);
    client = tiny.client();
  }

  @AfterAll
  static void stop() {
    tiny.close();
  }

  @Test
  void aChatCompletionIsThatOfTheLibrary() {
    try (ChatModel library = ChatModel.open(tiny.model())) {
      library.load("pirate", tiny.pirate(), BaseCheck.SAME_BASE);
      library.activate(List.of("pirate"));
      try (var session = new Generator(library.network()).session()) {
        String expected =
            library
                .write(
                    session,
                    library.format().prompt(List.of(Message.user("Hello there"))),
                    new GenerationOptions(12, Sampling.greedy(), List.of()),
                    piece -> true)
                .text();

        TestClient.Reply reply =
            client.post("/v1/chat/completions", TestClient.chat("pirate", "Hello there"));

        assertThat(TestClient.text(reply)).isEqualTo(expected);
        assertThat(reply.json().get("object").asText()).isEqualTo("chat.completion");
        assertThat(reply.json().get("model").asText()).isEqualTo("pirate");
        assertThat(reply.json().at("/choices/0/message/role").asText()).isEqualTo("assistant");
        assertThat(reply.json().at("/choices/0/finish_reason").asText()).isIn("length", "stop");
        assertThat(reply.json().at("/usage/total_tokens").asInt())
            .isEqualTo(
                reply.json().at("/usage/prompt_tokens").asInt()
                    + reply.json().at("/usage/completion_tokens").asInt());
      }
    }
  }

  @Test
  void aStreamHasTheTextOfTheWholeAnswer() {
    String whole =
        TestClient.text(
            client.post("/v1/chat/completions", TestClient.chat("base", "Stream this")));
    String options = ", \"stream\": true, \"stream_options\": {\"include_usage\": true}";

    List<JsonNode> events =
        client.stream(
            "/v1/chat/completions", TestClient.CHAT.formatted("base", "Stream this", options));

    assertThat(events.get(0).at("/choices/0/delta/role").asText()).isEqualTo("assistant");
    String streamed =
        events.stream()
            .map(event -> event.at("/choices/0/delta/content").asText())
            .collect(Collectors.joining());
    assertThat(streamed).isEqualTo(whole);
    JsonNode closing = events.get(events.size() - 2);
    assertThat(closing.at("/choices/0/delta")).isEmpty();
    assertThat(closing.at("/choices/0/finish_reason").asText()).isNotEmpty();
    JsonNode usage = events.get(events.size() - 1);
    assertThat(usage.get("choices")).isEmpty();
    assertThat(usage.at("/usage/completion_tokens").asInt()).isPositive();
    assertThat(events.get(0).get("usage").isNull()).isTrue();
  }

  @Test
  void aTextCompletionContinuesThePromptUpToAStopString() {
    String body =
        "{\"model\": \"base\", \"prompt\": \"Once upon\", \"temperature\": 0, \"max_tokens\": 12%s}";
    JsonNode whole = client.post("/completions", body.formatted("")).json();
    String text = whole.at("/choices/0/text").asText();
    String stop = text.substring(4, 6);

    JsonNode stopped =
        client
            .post("/v1/completions", body.formatted(", \"stop\": " + TestClient.quoted(stop)))
            .json();

    assertThat(whole.get("object").asText()).isEqualTo("text_completion");
    assertThat(stopped.at("/choices/0/text").asText())
        .isEqualTo(text.substring(0, text.indexOf(stop)));
    assertThat(stopped.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
  }

  @Test
  void severalCompletionsFollowFromTheSeed() {
    String body =
        "{\"model\": \"base\", \"prompt\": \"Once\", \"n\": 3, \"seed\": 7, \"max_tokens\": 8}";

    JsonNode first = client.post("/v1/completions", body).json();
    JsonNode second = client.post("/v1/completions", body).json();

    assertThat(first.get("choices")).hasSize(3);
    assertThat(second.get("choices")).isEqualTo(first.get("choices"));
    assertThat(texts(first)).hasSizeGreaterThan(1);
  }

  private static List<String> texts(JsonNode answer) {
    return StreamSupport.stream(answer.get("choices").spliterator(), false)
        .map(choice -> choice.get("text").asText())
        .distinct()
        .toList();
  }

  @Test
  void logProbabilitiesAndABiasAreThoseOfTheTokens() {
    String body =
        """
        {"model": "base", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0,
         "max_completion_tokens": 3, "logprobs": true, "top_logprobs": 2, "logit_bias": {"42": 100}}
        """;

    JsonNode content =
        client.post("/v1/chat/completions", body).json().at("/choices/0/logprobs/content");

    assertThat(content).hasSize(3);
    for (JsonNode token : content) {
      assertThat(token.get("logprob").asDouble()).isBetween(-1e-3, 0.0);
      assertThat(token.get("top_logprobs")).hasSize(2);
      assertThat(token.at("/top_logprobs/0/token")).isEqualTo(token.get("token"));
    }
  }

  @Test
  void penaltiesChangeTheCompletion() {
    String plain =
        TestClient.text(client.post("/v1/chat/completions", TestClient.chat("base", "again")));
    String options =
        ", \"frequency_penalty\": 2, \"presence_penalty\": 2, \"logit_bias\": {\"5\": -100}";

    assertThat(
            TestClient.text(
                client.post(
                    "/v1/chat/completions", TestClient.CHAT.formatted("base", "again", options))))
        .isNotEqualTo(plain);
    assertThat(
            client
                .post(
                    "/v1/chat/completions",
                    TestClient.CHAT.formatted("base", "x", ", \"unknown\": 1"))
                .status())
        .isEqualTo(200);
  }

  @Test
  void tokensAndPromptsAreShown() {
    JsonNode tokens = client.post("/tokenize", "{\"prompt\": \"Hello\"}").json();
    JsonNode prompt =
        client
            .post(
                "/apply-template", "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}")
            .json();

    assertThat(tokens.get("count").asInt()).isEqualTo(tokens.get("tokens").size()).isPositive();
    assertThat(prompt.get("prompt").asText()).contains("<|im_start|>user\nHello");
  }

  @Test
  void aClientThatLeavesStopsItsGeneration() throws IOException, InterruptedException {
    String body =
        TestClient.CHAT.formatted(
            "base", "Go on", ", \"stream\": true, \"max_completion_tokens\": 150");
    HttpResponse<InputStream> response =
        client
            .http()
            .send(
                client.request("/v1/chat/completions", body),
                HttpResponse.BodyHandlers.ofInputStream());
    response.body().read();

    response.body().close();

    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (client.get("/health/ready").json().get("running").asInt() > 0) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(20);
    }
  }
}
