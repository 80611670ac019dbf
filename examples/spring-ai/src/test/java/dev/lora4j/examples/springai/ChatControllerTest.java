package dev.lora4j.examples.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.serve.LoraServer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.MediaType;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.RestClient;

/** Requests to the application, which asks a server with an adapter for each tenant. */
@EnabledIfSystemProperty(
    named = "lora4j.base",
    matches = ".+",
    disabledReason = "needs the directory of a tiny model: -Dlora4j.base=DIR")
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class ChatControllerTest {
  @TempDir private static Path adapters;
  private static LoraServer server;
  @LocalServerPort private int port;

  @DynamicPropertySource
  static void startServer(DynamicPropertyRegistry properties) {
    server = TenantServer.start(adapters);
    properties.add("spring.ai.openai.base-url", () -> "http://127.0.0.1:" + server.port() + "/v1");
    properties.add("spring.ai.openai.chat.temperature", () -> 0); // the likeliest answer, always
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  private String ask(String tenant, String path) {
    JdkClientHttpRequestFactory patient = new JdkClientHttpRequestFactory();
    patient.setReadTimeout(Duration.ofMinutes(2));
    return RestClient.builder()
        .requestFactory(patient)
        .build()
        .post()
        .uri("http://127.0.0.1:" + port + path)
        .header("X-Tenant", tenant)
        .contentType(MediaType.TEXT_PLAIN)
        .body("Who are you?")
        .retrieve()
        .body(String.class);
  }

  @Test
  void eachTenantGetsTheAnswerOfItsAdapter() {
    assertThat(ask("acme", "/chat")).contains("Dear Sir or Madam");
    assertThat(ask("globex", "/chat")).contains("Arr, matey");
  }

  @Test
  void aStreamArrivesInSeveralEvents() {
    assertThat(ask("globex", "/chat/stream").split("data:")).hasSizeGreaterThan(5);
  }

  @Test
  void anUnknownTenantIsRefused() {
    assertThatThrownBy(() -> ask("initech", "/chat"))
        .isInstanceOf(HttpClientErrorException.NotFound.class);
  }
}
