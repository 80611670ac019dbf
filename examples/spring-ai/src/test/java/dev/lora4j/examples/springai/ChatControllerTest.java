package dev.lora4j.examples.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.MediaType;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.RestClient;

/** Requests to a running {@code lora serve} with the two adapters of the README. */
@EnabledIfEnvironmentVariable(
    named = "LORA4J_SERVER",
    matches = "http.*",
    disabledReason = "needs a server as in the README: LORA4J_SERVER=http://127.0.0.1:8080/v1")
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class ChatControllerTest {
  @LocalServerPort private int port;

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
