package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.serve.api.ApiKeys;
import dev.lora4j.serve.engine.ServingLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests and settings that the server refuses. */
class RefusalTest {
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

  private void assertRefused(String body, int status, String param, String... words) {
    TestClient.Reply reply = client.post("/v1/chat/completions", body);
    JsonNode error = reply.json().get("error");
    assertThat(reply.status()).as(reply.json().toString()).isEqualTo(status);
    assertThat(error.get("param").asText()).isEqualTo(param);
    assertThat(error.get("message").asText()).contains(words);
    assertThat(error.has("type") && error.has("code")).isTrue();
  }

  @Test
  void wrongRequestsAreRefusedByTheNameOfTheParameter() {
    assertRefused(TestClient.chat("pirat", "Hi"), 404, "model", "pirat", "pirate");
    assertRefused("{\"model\": \"base\"}", 400, "messages", "missing");
    assertRefused("{\"model\": \"base\", \"messages\": []}", 400, "messages", "at least one");
    assertRefused(
        TestClient.CHAT.formatted("base", "Hi", ", \"top_p\": 2"), 400, "top_p", "between");
    assertRefused(
        TestClient.CHAT.formatted("base", "Hi", ", \"seed\": \"x\""), 400, "seed", "integer");
    assertRefused(
        TestClient.CHAT.formatted("base", "Hi", ", \"stop\": [\"a\",\"b\",\"c\",\"d\",\"e\"]"),
        400,
        "stop",
        "at most 4");
    assertRefused(
        TestClient.CHAT.formatted("base", "Hi", ", \"logit_bias\": {\"99999\": 1}"),
        400,
        "logit_bias",
        "99999");
    assertRefused(
        TestClient.CHAT.formatted("base", "Hi", ", \"stream_options\": {}"),
        400,
        "stream_options",
        "stream");
    assertRefused(
        TestClient.CHAT.formatted(
            "base", "Hi", ", \"stop\": [" + "\"a\",".repeat(1_000_000) + "\"b\"]"),
        400,
        "stop",
        "found 1000001");
  }

  @Test
  void aPromptThatIsTooLongIsRefusedWithBothNumbers() {
    String body = TestClient.chat("base", "long ".repeat(300));
    int tokens = client.post("/v1/tokenize", body).json().get("count").asInt();

    assertRefused(body, 400, "messages", "192", String.valueOf(tokens));
  }

  @Test
  void wrongBodiesAndPathsAreRefused() {
    assertThat(client.post("/v1/chat/completions", "no json").status()).isEqualTo(400);
    assertThat(client.post("/v1/chat/completions", "[1]").status()).isEqualTo(400);
    assertThat(client.post("/v1/chat/completions", "[".repeat(10_000)).status()).isEqualTo(400);
    assertThat(client.post("/v1/chat/completions", " ".repeat(17 << 20)).status()).isEqualTo(413);
    assertThat(client.get("/v1/nothing").status()).isEqualTo(404);
    assertThat(client.get("/v1/chat/completions").status()).isEqualTo(405);
    assertThat(client.get("/health/live").json().get("status").asText()).isEqualTo("ok");
  }

  @Test
  void aRequestThatIsNotValidHttpIsRefusedInTheSameForm() throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), tiny.server().port())) {
      String request = "GET /v1/models/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));

      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(answer).startsWith("HTTP/1.1 400 ");
      String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
      assertThat(TestClient.json(body).at("/error/type").asText())
          .isEqualTo("invalid_request_error");
    }
  }

  @Test
  void aKeyIsAskedForWhereThereAreKeys() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), "secret\nother\n");
    try (LoraServer locked =
        LoraServer.builder().model(tiny.model()).port(0).apiKeys(ApiKeys.read(file)).start()) {
      String body = TestClient.chat("model", "Hi");

      assertThat(new TestClient(locked).post("/v1/chat/completions", body).status()).isEqualTo(401);
      assertThat(
              new TestClient(locked)
                  .post("/v1/chat/completions", body, "Authorization", "Bearer secre")
                  .status())
          .isEqualTo(401);
      assertThat(
              new TestClient(locked)
                  .post("/v1/chat/completions", body, "Authorization", "Bearer other")
                  .status())
          .isEqualTo(200);
    }
  }

  @Test
  void otherMachinesAreServedOnlyWithKeys() {
    assertThatThrownBy(
            () -> LoraServer.builder().model(tiny.model()).host("0.0.0.0").port(0).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--api-key-file");
  }

  @Test
  void namesOfAdaptersAreCheckedBeforeTheModelsAreLoaded() {
    LoraServerBuilder plain = LoraServer.builder().model("base", tiny.model()).port(0);
    LoraServerBuilder tuning =
        LoraServer.builder().model("base", tiny.model()).port(0).jobs(directory.resolve("jobs"));
    String name = "ft:base:acme:x:1";

    assertThatThrownBy(() -> tuning.adapter(name, tiny.pirate()).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("names that begin with ft:");
    assertThatThrownBy(() -> plain.adapter("a", tiny.pirate()).adapter("a", tiny.pirate()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("two adapters are named 'a'");
    try (LoraServer server = plain.adapter(name, tiny.pirate()).start()) {
      TestClient.Reply reply =
          new TestClient(server).post("/v1/chat/completions", TestClient.chat(name, "Hi"));
      assertThat(reply.status()).isEqualTo(200); // code with OpenAI's name goes on
    }
    assertThatThrownBy(() -> plain.adapter("line\nbreak", tiny.pirate()).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("control character");
  }

  @Test
  void aTakenPortIsNamed() {
    assertThatThrownBy(
            () -> LoraServer.builder().model(tiny.model()).port(tiny.server().port()).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining(String.valueOf(tiny.server().port()));
  }

  @Test
  void aFullQueueAsksClientsToRetry() {
    try (LoraServer small =
        LoraServer.builder()
            .model(tiny.model())
            .port(0)
            .limits(ServingLimits.defaults().maxBatch(1).maxQueue(1))
            .start()) {
      String body =
          "{\"model\": \"model\", \"prompt\": \"a\", \"n\": 8, \"max_tokens\": 100, \"temperature\": 0}";
      assertThat(
              new TestClient(small)
                  .post("/v1/completions", body)
                  .json()
                  .at("/error/param")
                  .asText())
          .isEqualTo("n");

      TestClient.Reply reply = fullQueue(small, body.replace("8", "1"));

      assertThat(reply.status()).isEqualTo(429);
      assertThat(reply.json().at("/error/code").asText()).isEqualTo("rate_limit_exceeded");
    }
  }

  /** Sends requests until one is refused. */
  private static TestClient.Reply fullQueue(LoraServer small, String body) {
    ExecutorService clients = Executors.newFixedThreadPool(12);
    List<CompletableFuture<TestClient.Reply>> replies =
        IntStream.range(0, 12)
            .mapToObj(
                i ->
                    CompletableFuture.supplyAsync(
                        () -> new TestClient(small).post("/completions", body), clients))
            .toList();
    List<TestClient.Reply> all = replies.stream().map(CompletableFuture::join).toList();
    clients.shutdown();
    return all.stream().filter(reply -> reply.status() != 200).findFirst().orElseThrow();
  }

  @Test
  void requestsOfWebPagesAreRefusedWithoutKeys() {
    assertThat(
            client
                .post(
                    "/v1/chat/completions",
                    TestClient.chat("base", "Hi"),
                    "Origin",
                    "http://x.example")
                .status())
        .isEqualTo(403);
  }
}
