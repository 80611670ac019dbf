package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.api.ApiKeys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The web page as the server sends it, and the requests that browsers may send. */
class WebPageTest {
  @TempDir static Path directory;
  private static LoraServer server;
  private static LoraServer locked;

  @BeforeAll
  static void start() throws IOException {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    server = LoraServer.builder().model(model).port(0).start();
    Path keys = Files.writeString(directory.resolve("keys"), "secret\n");
    locked = LoraServer.builder().model(model).port(0).apiKeys(ApiKeys.read(keys)).start();
  }

  @AfterAll
  static void stop() {
    server.close();
    locked.close();
  }

  private static HttpResponse<String> page(LoraServer server) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + "/");
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void thePolicyPermitsThePagesOwnScriptAndStyleOnly() throws Exception {
    HttpResponse<String> response = page(server);
    String policy = response.headers().firstValue("Content-Security-Policy").orElseThrow();

    assertThat(response.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
    assertThat(policy).startsWith("default-src 'none'").contains("connect-src 'self'");
    assertThat(policy).doesNotContain("unsafe").doesNotContain("http:").doesNotContain("*");
    for (String element : List.of("script", "style")) {
      Matcher content =
          Pattern.compile("<%1$s>(.*?)</%1$s>".formatted(element), Pattern.DOTALL)
              .matcher(response.body());
      assertThat(content.find()).as(element).isTrue();
      assertThat(policy).contains(element + "-src 'sha256-" + digest(content.group(1)) + "'");
      assertThat(content.find()).as("another " + element).isFalse();
    }
  }

  private static String digest(String text) throws Exception {
    return Base64.getEncoder()
        .encodeToString(
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void thePageIsCompleteAndNamesNoOtherAddress() throws Exception {
    String html = page(server).body();

    assertThat(html).startsWith("<!DOCTYPE html>").doesNotContain("/*{");
    assertThat(html.replace("http://www.w3.org/2000/svg", "")).doesNotContain("://");
    assertThat(html).doesNotContainPattern("<(link|script|img|iframe)[^>]* (src|href)=\"(?!data:)");
    assertThat(html).doesNotContain("innerHTML").doesNotContain("localStorage");
  }

  @Test
  void thePageIsSentWithoutAKeyButNothingElse() throws Exception {
    assertThat(page(locked).statusCode()).isEqualTo(200);
    assertThat(status(locked, "127.0.0.1", "")).isEqualTo(401);
  }

  // ---- origins ----

  /** Sends a request with any Host, which Java's client does not let programs choose. */
  private static int status(LoraServer server, String host, String origin) throws IOException {
    String request =
        "GET /v1/models HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n%s\r\n"
            .formatted(host, server.port(), origin.isEmpty() ? "" : "Origin: " + origin + "\r\n");
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String response = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return Integer.parseInt(response.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length()));
    }
  }

  @Test
  void theServersOwnPageNeedsNoKey() throws IOException {
    for (String host : List.of("127.0.0.1", "localhost", "[::1]", "lora.localhost")) {
      assertThat(status(server, host, "http://" + host + ":" + server.port()))
          .as(host)
          .isEqualTo(200);
    }
  }

  @Test
  void foreignPagesAreRefusedAlsoUnderAReboundName() throws IOException {
    int port = server.port();
    assertThat(status(server, "127.0.0.1", "http://evil.example")).isEqualTo(403);
    assertThat(status(server, "127.0.0.1", "http://127.0.0.1:" + (port + 1))).isEqualTo(403);
    assertThat(status(server, "127.0.0.1", "https://127.0.0.1:" + port)).isEqualTo(403);
    assertThat(status(server, "127.0.0.1", "null")).isEqualTo(403);
    assertThat(status(server, "evil.example", "http://evil.example:" + port)).isEqualTo(403);
    assertThat(status(server, "127.0.0.1.evil.example", "")).isEqualTo(403);
    assertThat(status(server, "evil.example", "")).isEqualTo(403);
    assertThat(status(server, "host.docker.internal", "")).isEqualTo(200);
    assertThat(status(server, "my-machine", "")).isEqualTo(200);
  }
}
