package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.serve.api.ApiKeys;
import dev.lora4j.serve.engine.ServingLimits;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests to the server by the JDK's HTTP client, which offers HTTP/2 by default. */
class LoraServerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CHAT =
      """
      {"model": "%s", "messages": [{"role": "user", "content": "%s"}], "temperature": 0,
       "max_tokens": 12%s}
      """;

  @TempDir static Path directory;
  private static Path model;
  private static Path folder;
  private static LoraServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeAll
  static void start() {
    model = SavedTextModel.chatty(directory.resolve("model"));
    folder = directory.resolve("adapters");
    for (int i = 0; i < 4; i++) {
      SavedTextModel.adapter(model, folder.resolve("tenant" + i), 20 + i);
    }
    SavedTextModel.adapter(model, directory.resolve("pirate"), 5);
    server =
        LoraServer.builder()
            .model("base", model)
            .adapter("pirate", directory.resolve("pirate"))
            .adapters(folder)
            .limits(ServingLimits.defaults().maxBatch(8).maxAdapters(3).cacheBytes(8 << 20))
            .port(0)
            .start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  // ---- requests ----

  private record Reply(int status, JsonNode json) {}

  private Reply post(String path, String body) {
    return post(server, path, body);
  }

  private Reply post(LoraServer server, String path, String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(server, path)).POST(HttpRequest.BodyPublishers.ofString(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return send(request.build());
  }

  private Reply get(String path) {
    return send(HttpRequest.newBuilder(uri(server, path)).build());
  }

  private Reply send(HttpRequest request) {
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      String body = response.body();
      return new Reply(
          response.statusCode(),
          body.startsWith("{") ? JSON.readTree(body) : JSON.getNodeFactory().textNode(body));
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static URI uri(LoraServer server, String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  private static String chat(String model, String text) {
    return CHAT.formatted(model, text, "");
  }

  private static String text(Reply reply) {
    assertThat(reply.status()).as(reply.json().toString()).isEqualTo(200);
    return reply.json().at("/choices/0/message/content").asText();
  }

  private List<JsonNode> stream(String path, String body) {
    HttpRequest request =
        HttpRequest.newBuilder(uri(server, path))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    List<JsonNode> events = new ArrayList<>();
    try {
      HttpResponse<InputStream> response =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      assertThat(response.headers().firstValue("content-type").orElseThrow())
          .startsWith("text/event-stream");
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
      String last = "";
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("data: ")) {
          last = line.substring("data: ".length());
          if (!last.equals("[DONE]")) {
            events.add(JSON.readTree(last));
          }
        }
      }
      assertThat(last).isEqualTo("[DONE]");
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return events;
  }

  // ---- completions ----

  @Test
  void aChatCompletionIsThatOfTheLibrary() {
    try (ChatModel library = ChatModel.open(model)) {
      library.load("pirate", directory.resolve("pirate"), BaseCheck.SAME_BASE);
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

        Reply reply = post("/v1/chat/completions", chat("pirate", "Hello there"));

        assertThat(text(reply)).isEqualTo(expected);
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
    String whole = text(post("/v1/chat/completions", chat("base", "Stream this")));
    String options = ", \"stream\": true, \"stream_options\": {\"include_usage\": true}";

    List<JsonNode> events =
        stream("/v1/chat/completions", CHAT.formatted("base", "Stream this", options));

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
    JsonNode whole = post("/completions", body.formatted("")).json();
    String text = whole.at("/choices/0/text").asText();
    String stop = text.substring(4, 6);

    JsonNode stopped =
        post("/v1/completions", body.formatted(", \"stop\": " + JSON.valueToTree(stop))).json();

    assertThat(whole.get("object").asText()).isEqualTo("text_completion");
    assertThat(stopped.at("/choices/0/text").asText())
        .isEqualTo(text.substring(0, text.indexOf(stop)));
    assertThat(stopped.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
  }

  @Test
  void severalCompletionsFollowFromTheSeed() {
    String body =
        "{\"model\": \"base\", \"prompt\": \"Once\", \"n\": 3, \"seed\": 7, \"max_tokens\": 8}";

    JsonNode first = post("/v1/completions", body).json();
    JsonNode second = post("/v1/completions", body).json();

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

    JsonNode content = post("/v1/chat/completions", body).json().at("/choices/0/logprobs/content");

    assertThat(content).hasSize(3);
    for (JsonNode token : content) {
      assertThat(token.get("logprob").asDouble()).isBetween(-1e-3, 0.0);
      assertThat(token.get("top_logprobs")).hasSize(2);
      assertThat(token.at("/top_logprobs/0/token")).isEqualTo(token.get("token"));
    }
  }

  @Test
  void penaltiesChangeTheCompletion() {
    String plain = text(post("/v1/chat/completions", chat("base", "again")));
    String options =
        ", \"frequency_penalty\": 2, \"presence_penalty\": 2, \"logit_bias\": {\"5\": -100}";

    assertThat(text(post("/v1/chat/completions", CHAT.formatted("base", "again", options))))
        .isNotEqualTo(plain + "?");
    assertThat(
            post("/v1/chat/completions", CHAT.formatted("base", "x", ", \"unknown\": 1")).status())
        .isEqualTo(200);
  }

  // ---- adapters ----

  @Test
  void manyClientsGetTheAnswersThatTheyGetAlone() {
    List<String> names = List.of("base", "pirate", "tenant0", "tenant1");
    Map<String, String> alone =
        names.stream()
            .collect(
                Collectors.toMap(
                    name -> name,
                    name -> text(post("/v1/chat/completions", chat(name, "Tell me")))));

    List<CompletableFuture<String>> answers =
        IntStream.range(0, 24)
            .mapToObj(
                i ->
                    client
                        .sendAsync(
                            HttpRequest.newBuilder(uri(server, "/v1/chat/completions"))
                                .POST(
                                    HttpRequest.BodyPublishers.ofString(
                                        chat(names.get(i % 4), "Tell me")))
                                .build(),
                            HttpResponse.BodyHandlers.ofString())
                        .thenApply(HttpResponse::body))
            .toList();

    for (int i = 0; i < answers.size(); i++) {
      String answer = answers.get(i).orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(json(answer).at("/choices/0/message/content").asText())
          .isEqualTo(alone.get(names.get(i % 4)));
    }
    assertThat(alone.values().stream().distinct()).hasSize(4);
  }

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void modelsAreListedWithTheirBase() {
    JsonNode list = get("/v1/models").json();

    assertThat(list.at("/data/0/id").asText()).isEqualTo("base");
    List<String> ids = new ArrayList<>();
    list.get("data").forEach(card -> ids.add(card.get("id").asText()));
    assertThat(ids).contains("tenant0", "tenant3");
    assertThat(get("/models/tenant2").json().get("parent").asText()).isEqualTo("base");
    assertThat(get("/v1/models/tenant9").status()).isEqualTo(404);
  }

  @Test
  void moreAdaptersThanFitInMemoryAreAllServed() {
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();
    for (List<String> answers : List.of(first, second)) {
      for (int i = 0; i < 4; i++) {
        answers.add(text(post("/v1/chat/completions", chat("tenant" + i, "Who are you"))));
      }
    }

    assertThat(second).isEqualTo(first);
  }

  @Test
  void anAdapterIsReplacedAndUnloaded() throws IOException {
    Path other = folder.resolve("replaced");
    SavedTextModel.adapter(model, other, 77);
    String body = "{\"lora_name\": \"changing\", \"lora_path\": \"%s\"%s}";
    assertThat(post("/v1/load_lora_adapter", body.formatted("replaced", "")).status())
        .isEqualTo(200);
    String before = text(post("/v1/chat/completions", chat("changing", "Hello")));
    assertThat(post("/v1/load_lora_adapter", body.formatted("tenant1", "")).status())
        .isEqualTo(400);

    assertThat(
            post("/v1/load_lora_adapter", body.formatted("tenant1", ", \"load_inplace\": true"))
                .status())
        .isEqualTo(200);
    String after = text(post("/v1/chat/completions", chat("changing", "Hello")));

    assertThat(after).isNotEqualTo(before);
    assertThat(after).isEqualTo(text(post("/v1/chat/completions", chat("tenant1", "Hello"))));
    assertThat(post("/v1/unload_lora_adapter", "{\"lora_name\": \"changing\"}").status())
        .isEqualTo(200);
    assertThat(post("/v1/chat/completions", chat("changing", "Hello")).status()).isEqualTo(404);
    Files.delete(other.resolve("adapter_config.json"));
  }

  @Test
  void adaptersOutsideTheFolderAreNotLoaded() {
    for (String path : List.of("../pirate", directory.resolve("pirate").toString(), "/etc")) {
      Reply reply =
          post(
              "/v1/load_lora_adapter",
              "{\"lora_name\": \"x\", \"lora_path\": " + JSON.valueToTree(path) + "}");

      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.json().at("/error/param").asText()).isEqualTo("lora_path");
    }
  }

  // ---- refusals ----

  private void assertRefused(String body, int status, String param, String... words) {
    Reply reply = post("/v1/chat/completions", body);
    JsonNode error = reply.json().get("error");
    assertThat(reply.status()).as(reply.json().toString()).isEqualTo(status);
    assertThat(error.get("param").asText()).isEqualTo(param);
    assertThat(error.get("message").asText()).contains(words);
    assertThat(error.has("type") && error.has("code")).isTrue();
  }

  @Test
  void wrongRequestsAreRefusedByTheNameOfTheParameter() {
    assertRefused(chat("pirat", "Hi"), 404, "model", "pirat", "pirate");
    assertRefused("{\"model\": \"base\"}", 400, "messages", "missing");
    assertRefused("{\"model\": \"base\", \"messages\": []}", 400, "messages", "at least one");
    assertRefused(CHAT.formatted("base", "Hi", ", \"top_p\": 2"), 400, "top_p", "between");
    assertRefused(CHAT.formatted("base", "Hi", ", \"seed\": \"x\""), 400, "seed", "integer");
    assertRefused(
        CHAT.formatted("base", "Hi", ", \"stop\": [\"a\",\"b\",\"c\",\"d\",\"e\"]"),
        400,
        "stop",
        "at most 4");
    assertRefused(
        CHAT.formatted("base", "Hi", ", \"logit_bias\": {\"99999\": 1}"),
        400,
        "logit_bias",
        "99999");
    assertRefused(
        CHAT.formatted("base", "Hi", ", \"stream_options\": {}"), 400, "stream_options", "stream");
    assertRefused(chat("base", "long ".repeat(300)), 400, "messages", "192");
  }

  @Test
  void wrongBodiesAndPathsAreRefused() {
    assertThat(post("/v1/chat/completions", "no json").status()).isEqualTo(400);
    assertThat(post("/v1/chat/completions", "[1]").status()).isEqualTo(400);
    assertThat(post("/v1/chat/completions", "[".repeat(10_000)).status()).isEqualTo(400);
    assertThat(post("/v1/chat/completions", " ".repeat(17 << 20)).status()).isEqualTo(413);
    assertThat(get("/v1/nothing").status()).isEqualTo(404);
    assertThat(get("/v1/chat/completions").status()).isEqualTo(405);
    assertThat(get("/health/live").json().get("status").asText()).isEqualTo("ok");
  }

  @Test
  void aKeyIsAskedForWhereThereAreKeys() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), "secret\nother\n");
    try (LoraServer locked =
        LoraServer.builder().model(model).port(0).apiKeys(ApiKeys.read(file)).start()) {
      String body = chat("model", "Hi");

      assertThat(post(locked, "/v1/chat/completions", body).status()).isEqualTo(401);
      assertThat(
              post(locked, "/v1/chat/completions", body, "Authorization", "Bearer secre").status())
          .isEqualTo(401);
      assertThat(
              post(locked, "/v1/chat/completions", body, "Authorization", "Bearer other").status())
          .isEqualTo(200);
    }
  }

  @Test
  void otherMachinesAreServedOnlyWithKeys() {
    assertThatThrownBy(() -> LoraServer.builder().model(model).host("0.0.0.0").port(0).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--api-key-file");
  }

  @Test
  void aTakenPortIsNamed() {
    assertThatThrownBy(() -> LoraServer.builder().model(model).port(server.port()).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining(String.valueOf(server.port()));
  }

  @Test
  void aFullQueueAsksClientsToRetry() {
    try (LoraServer small =
        LoraServer.builder()
            .model(model)
            .port(0)
            .limits(ServingLimits.defaults().maxBatch(1).maxQueue(1))
            .start()) {
      String body =
          "{\"model\": \"model\", \"prompt\": \"a\", \"n\": 8, \"max_tokens\": 100, \"temperature\": 0}";
      assertThat(post(small, "/v1/completions", body).json().at("/error/param").asText())
          .isEqualTo("n");

      Reply reply = fullQueue(small, body.replace("8", "1"));

      assertThat(reply.status()).isEqualTo(429);
      assertThat(reply.json().at("/error/code").asText()).isEqualTo("rate_limit_exceeded");
    }
  }

  /** Sends requests until one is refused. */
  private Reply fullQueue(LoraServer small, String body) {
    ExecutorService clients = Executors.newFixedThreadPool(12);
    List<CompletableFuture<Reply>> replies =
        IntStream.range(0, 12)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(() -> post(small, "/completions", body), clients))
            .toList();
    List<Reply> all = replies.stream().map(CompletableFuture::join).toList();
    clients.shutdown();
    return all.stream().filter(reply -> reply.status() != 200).findFirst().orElseThrow();
  }

  @Test
  void requestsOfWebPagesAreRefusedWithoutKeys() {
    assertThat(
            post(server, "/v1/chat/completions", chat("base", "Hi"), "Origin", "http://x.example")
                .status())
        .isEqualTo(403);
  }

  @Test
  void aClientThatLeavesStopsItsGeneration() throws IOException, InterruptedException {
    String body =
        CHAT.formatted("base", "Go on", ", \"stream\": true, \"max_completion_tokens\": 150");
    HttpResponse<InputStream> response =
        client.send(
            HttpRequest.newBuilder(uri(server, "/v1/chat/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofInputStream());
    response.body().read();

    response.body().close();

    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (get("/health/ready").json().get("running").asInt() > 0) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @Test
  void tokensAndPromptsAreShown() {
    JsonNode tokens = post("/tokenize", "{\"prompt\": \"Hello\"}").json();
    JsonNode prompt =
        post("/apply-template", "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}")
            .json();

    assertThat(tokens.get("count").asInt()).isEqualTo(tokens.get("tokens").size()).isPositive();
    assertThat(prompt.get("prompt").asText()).contains("<|im_start|>user\nHello");
  }
}
