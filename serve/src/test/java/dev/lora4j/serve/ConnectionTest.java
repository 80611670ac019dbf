package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.engine.ServingLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that keep their connections, or do not read. */
@Timeout(120)
class ConnectionTest {
  @TempDir Path directory;

  @Test
  void aClientThatDoesNotReadItsAnswerKeepsNoAdapter() throws Exception {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    Path folder = directory.resolve("adapters");
    SavedTextModel.adapter(model, folder.resolve("one"), 1);
    SavedTextModel.adapter(model, folder.resolve("two"), 2);
    try (LoraServer server =
            LoraServer.builder()
                .model("base", model)
                .adapters(folder)
                .limits(ServingLimits.defaults().maxAdapters(1).cacheBytes(16 << 20))
                .port(0)
                .start();
        Socket socket = new Socket()) {
      TestClient client = new TestClient(server);
      socket.setReceiveBufferSize(1_024);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
      String body = // an answer that fits in no buffer
          """
          {"model": "one", "messages": [{"role": "user", "content": "Hi"}], "n": 32,
           "max_tokens": 120, "min_tokens": 120, "logprobs": true, "top_logprobs": 20, "stream": true}
          """;
      socket
          .getOutputStream()
          .write(
              ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body)
                  .getBytes(StandardCharsets.US_ASCII));
      awaitEnd(client);

      TestClient.Reply other = client.post("/v1/chat/completions", TestClient.chat("two", "Hello"));

      assertThat(TestClient.text(other)).isNotNull();
      socket.setSoTimeout(10_000);
      assertThat(socket.getInputStream().readNBytes(12)).asString().isEqualTo("HTTP/1.1 200");
    }
  }

  /** Waits until completions have run, and none does. */
  private static void awaitEnd(TestClient client) throws InterruptedException {
    boolean ran = false;
    while (true) {
      var ready = client.get("/health/ready").json();
      int active = ready.get("running").asInt() + ready.get("waiting").asInt();
      if (ran && active == 0) {
        return;
      }
      ran |= active > 0;
      Thread.sleep(5);
    }
  }

  @Test
  void furtherConnectionsWaitUntilOneIsClosed() throws Exception {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    try (LoraServer server =
        LoraServer.builder().model("base", model).maxConnections(4).port(0).start()) {
      List<Socket> idle = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        idle.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
        assertThat(answer(idle.get(i))).startsWith("HTTP/1.1 200");
      }
      TestClient client = new TestClient(server);

      CompletableFuture<HttpResponse<String>> fifth =
          client
              .http()
              .sendAsync(
                  HttpRequest.newBuilder(client.uri("/health/live")).build(),
                  HttpResponse.BodyHandlers.ofString());
      Thread.sleep(500);
      assertThat(fifth).isNotDone();
      idle.get(0).close();

      assertThat(fifth.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      for (Socket socket : idle) {
        socket.close();
      }
    }
  }

  @Test
  void aCrowdedServerThatStopsWaitsForNoIdleConnection() throws Exception {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    LoraServer server = LoraServer.builder().model("base", model).maxConnections(2).port(0).start();
    try (Socket leaving = new Socket(InetAddress.getLoopbackAddress(), server.port());
        Socket staying = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      assertThat(answer(leaving)).startsWith("HTTP/1.1 200");
      assertThat(answer(staying)).startsWith("HTTP/1.1 200");

      CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
      Thread.sleep(300);
      leaving.close();

      closing.get(30, TimeUnit.SECONDS); // a minute if the connection that stays is waited for
    }
  }

  private static String answer(Socket socket) throws IOException {
    socket
        .getOutputStream()
        .write(
            "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
                .getBytes(StandardCharsets.US_ASCII));
    byte[] head = new byte[64];
    int read = socket.getInputStream().read(head);
    return new String(head, 0, read, StandardCharsets.US_ASCII);
  }
}
