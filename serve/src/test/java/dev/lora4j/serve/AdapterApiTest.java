package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.SavedTextModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that use, load and unload adapters. */
class AdapterApiTest {
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
  void manyClientsGetTheAnswersThatTheyGetAlone() {
    List<String> names = List.of("base", "pirate", "tenant0", "tenant1");
    Map<String, String> alone =
        names.stream()
            .collect(
                Collectors.toMap(
                    name -> name,
                    name ->
                        TestClient.text(
                            client.post(
                                "/v1/chat/completions", TestClient.chat(name, "Tell me")))));

    List<CompletableFuture<String>> answers =
        IntStream.range(0, 24)
            .mapToObj(
                i ->
                    client
                        .http()
                        .sendAsync(
                            client.request(
                                "/v1/chat/completions",
                                TestClient.chat(names.get(i % 4), "Tell me")),
                            HttpResponse.BodyHandlers.ofString())
                        .thenApply(HttpResponse::body))
            .toList();

    for (int i = 0; i < answers.size(); i++) {
      String answer = answers.get(i).orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(TestClient.json(answer).at("/choices/0/message/content").asText())
          .isEqualTo(alone.get(names.get(i % 4)));
    }
    assertThat(alone.values().stream().distinct()).hasSize(4);
  }

  @Test
  void modelsAreListedWithTheirBase() {
    JsonNode list = client.get("/v1/models").json();

    assertThat(list.at("/data/0/id").asText()).isEqualTo("base");
    List<String> ids = new ArrayList<>();
    list.get("data").forEach(card -> ids.add(card.get("id").asText()));
    assertThat(ids).contains("tenant0", "tenant3");
    assertThat(client.get("/models/tenant2").json().get("parent").asText()).isEqualTo("base");
    assertThat(client.get("/v1/models/tenant9").status()).isEqualTo(404);
  }

  @Test
  void moreAdaptersThanFitInMemoryAreAllServed() {
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();
    for (List<String> answers : List.of(first, second)) {
      for (int i = 0; i < 4; i++) {
        answers.add(
            TestClient.text(
                client.post("/v1/chat/completions", TestClient.chat("tenant" + i, "Who are you"))));
      }
    }

    assertThat(second).isEqualTo(first);
  }

  @Test
  void anAdapterIsReplacedAndUnloaded() throws IOException {
    Path other = tiny.folder().resolve("replaced");
    SavedTextModel.adapter(tiny.model(), other, 77);
    String body = "{\"lora_name\": \"changing\", \"lora_path\": \"%s\"%s}";
    assertThat(client.post("/v1/load_lora_adapter", body.formatted("replaced", "")).status())
        .isEqualTo(200);
    String before =
        TestClient.text(client.post("/v1/chat/completions", TestClient.chat("changing", "Hello")));
    assertThat(client.post("/v1/load_lora_adapter", body.formatted("tenant1", "")).status())
        .isEqualTo(400);

    assertThat(
            client
                .post(
                    "/v1/load_lora_adapter", body.formatted("tenant1", ", \"load_inplace\": true"))
                .status())
        .isEqualTo(200);
    String after =
        TestClient.text(client.post("/v1/chat/completions", TestClient.chat("changing", "Hello")));

    assertThat(after).isNotEqualTo(before);
    assertThat(after)
        .isEqualTo(
            TestClient.text(
                client.post("/v1/chat/completions", TestClient.chat("tenant1", "Hello"))));
    assertThat(client.post("/v1/unload_lora_adapter", "{\"lora_name\": \"changing\"}").status())
        .isEqualTo(200);
    assertThat(client.post("/v1/chat/completions", TestClient.chat("changing", "Hello")).status())
        .isEqualTo(404);
    Files.delete(other.resolve("adapter_config.json"));
  }

  @Test
  void adaptersOutsideTheFolderAreNotLoaded() {
    for (String path : List.of("../pirate", tiny.pirate().toString(), "/etc")) {
      TestClient.Reply reply =
          client.post(
              "/v1/load_lora_adapter",
              "{\"lora_name\": \"x\", \"lora_path\": " + TestClient.quoted(path) + "}");

      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.json().at("/error/param").asText()).isEqualTo("lora_path");
    }
  }
}
