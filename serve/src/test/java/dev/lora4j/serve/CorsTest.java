package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.api.ApiKeys;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests of web pages on other servers. */
class CorsTest {
  private static final String PAGE = "https://app.example.com";
  private static final String ALLOWED = "Access-Control-Allow-Origin";

  @TempDir Path directory;
  private Path model;

  @BeforeEach
  void createModel() {
    model = SavedTextModel.chatty(directory.resolve("model"));
  }

  private LoraServerBuilder builder() {
    return LoraServer.builder().model("base", model).port(0);
  }

  private static HttpResponse<String> send(
      LoraServer server, String method, String origin, String... more)
      throws IOException, InterruptedException {
    TestClient client = new TestClient(server);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(client.uri("/v1/chat/completions"))
            .method(
                method,
                method.equals("POST")
                    ? HttpRequest.BodyPublishers.ofString(TestClient.chat("base", "Hi"))
                    : HttpRequest.BodyPublishers.noBody())
            .header("Origin", origin);
    for (int i = 0; i < more.length; i += 2) {
      request.header(more[i], more[i + 1]);
    }
    return client.http().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpResponse<String> preflight(LoraServer server, String origin)
      throws IOException, InterruptedException {
    return send(
        server,
        "OPTIONS",
        origin,
        "Access-Control-Request-Method",
        "POST",
        "Access-Control-Request-Headers",
        "authorization,content-type,x-stainless-lang");
  }

  private static Optional<String> allowed(HttpResponse<String> response) {
    return response.headers().firstValue(ALLOWED);
  }

  @Test
  void noOtherPageIsAllowedByDefault() throws Exception {
    try (LoraServer server = builder().start()) {
      assertThat(send(server, "POST", PAGE).statusCode()).isEqualTo(403);
      assertThat(preflight(server, PAGE).statusCode()).isEqualTo(403);
      assertThat(allowed(preflight(server, PAGE))).isEmpty();
    }
  }

  @Test
  void thePagesOfAnOriginMaySendRequestsAfterTheirPreflight() throws Exception {
    try (LoraServer server = builder().cors(List.of(PAGE, "http://localhost:3000")).start()) {
      HttpResponse<String> preflight = preflight(server, PAGE);
      HttpResponse<String> answer = send(server, "POST", PAGE);

      assertThat(preflight.statusCode()).isEqualTo(200);
      assertThat(allowed(preflight)).contains(PAGE);
      assertThat(preflight.headers().firstValue("Access-Control-Allow-Methods").orElseThrow())
          .contains("POST");
      assertThat(preflight.headers().firstValue("Access-Control-Allow-Headers").orElseThrow())
          .contains("*")
          .containsIgnoringCase("authorization");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(allowed(answer)).contains(PAGE);
      assertThat(answer.headers().firstValue("Access-Control-Expose-Headers").orElseThrow())
          .contains("x-request-id");
      assertThat(send(server, "POST", PAGE + ".evil.example").statusCode()).isEqualTo(403);
      assertThat(allowed(preflight(server, "https://app-example.com"))).isEmpty();
    }
  }

  @Test
  void keysAreNeededBesideCors() throws Exception {
    Path keys = Files.writeString(directory.resolve("keys"), "secret\n");
    try (LoraServer server = builder().apiKeys(ApiKeys.read(keys)).cors(List.of("*")).start()) {
      assertThat(preflight(server, PAGE).statusCode()).isEqualTo(200);
      HttpResponse<String> without = send(server, "POST", PAGE);
      assertThat(without.statusCode()).isEqualTo(401);
      assertThat(allowed(without)).isPresent(); // so that the page can read the error
      assertThat(send(server, "POST", PAGE, "Authorization", "Bearer secret").statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void originsThatAreNoneAndAllOriginsWithoutKeysAreRefused() {
    assertThatThrownBy(() -> builder().cors(List.of("https://app.example.com/chat")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("without a path");
    assertThatThrownBy(() -> builder().cors(List.of("*")).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--api-key-file");
  }
}
