package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.SavedTextModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages that the model's template refuses, and messages with the address of a picture. */
class ContentRefusalTest {
  private static final String TEMPLATE =
      """
      {%- for message in messages -%}
      {%- if message.role == 'system' -%}{{ raise_exception('No system messages, please.') }}{%- endif -%}
      {{ message.role + ': ' + message.content }}
      {%- endfor -%}
      """;

  @TempDir static Path directory;
  private static LoraServer server;
  private static TestClient client;

  @BeforeAll
  static void start() throws IOException {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    server = LoraServer.builder().model("base", model).port(0).start();
    client = new TestClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void theTemplatesOwnMessageIsTheAnswer() {
    TestClient.Reply reply =
        client.post(
            "/v1/chat/completions",
            """
            {"model": "base", "max_tokens": 1, "messages":
             [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}
            """);

    assertThat(reply.status()).as(reply.json().toString()).isEqualTo(400);
    assertThat(reply.text("/error/param")).isEqualTo("messages");
    assertThat(reply.text("/error/message")).contains("No system messages, please.");
    assertThat(client.post("/v1/chat/completions", TestClient.chat("base", "Hi")).status())
        .isEqualTo(200);
  }

  @Test
  void theAddressOfAPictureIsRefusedAndNotFetched() throws IOException {
    try (ServerSocket elsewhere = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      TestClient.Reply reply =
          client.post(
              "/v1/chat/completions",
              """
              {"model": "base", "messages": [{"role": "user", "content":
               [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:%d/cat.png"}}]}]}
              """
                  .formatted(elsewhere.getLocalPort()));

      assertThat(reply.status()).as(reply.json().toString()).isEqualTo(400);
      assertThat(reply.text("/error/message")).contains("image_url");
      elsewhere.setSoTimeout(200);
      assertThat(isVisited(elsewhere)).isFalse();
    }
  }

  private static boolean isVisited(ServerSocket elsewhere) throws IOException {
    try {
      elsewhere.accept().close();
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    }
  }
}
