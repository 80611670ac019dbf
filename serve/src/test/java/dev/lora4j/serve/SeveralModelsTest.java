package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.engine.ServingLimits;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with two base models of the same shape and different weights. */
class SeveralModelsTest {
  private static final String FIRST = "first";
  private static final String SECOND = "second";

  @TempDir static Path directory;
  private static Path first;
  private static Path second;
  private static Path folder;
  private static LoraServer server;
  private static TestClient client;

  @BeforeAll
  static void start() {
    first = SavedTextModel.chatty(directory.resolve("a"));
    second = SavedTextModel.chatty(directory.resolve("b"), 8);
    folder = directory.resolve("adapters");
    SavedTextModel.adapter(first, folder.resolve("ofFirst"), 1);
    SavedTextModel.adapter(second, folder.resolve("ofSecond"), 2);
    server =
        LoraServer.builder()
            .model(FIRST, first)
            .model(SECOND, second)
            .adapter("given", SavedTextModel.adapter(second, directory.resolve("given"), 3))
            .adapters(folder)
            .limits(ServingLimits.defaults().cacheBytes(16 << 20))
            .port(0)
            .start();
    client = new TestClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String answer(String model) {
    return TestClient.text(client.post("/v1/chat/completions", TestClient.chat(model, "Hello")));
  }

  @Test
  void eachAdapterIsServedOnTheBaseThatItWasTrainedOn() {
    List<String> answers =
        List.of(FIRST, SECOND, "ofFirst", "ofSecond", "given").stream()
            .map(SeveralModelsTest::answer)
            .distinct()
            .toList();

    assertThat(answers).hasSize(5);
    assertThat(parents())
        .isEqualTo(
            Map.of(
                FIRST,
                "null",
                SECOND,
                "null",
                "ofFirst",
                FIRST,
                "ofSecond",
                SECOND,
                "given",
                SECOND));
  }

  private static Map<String, String> parents() {
    Map<String, String> parents = new TreeMap<>();
    for (JsonNode card : client.get("/v1/models").json().get("data")) {
      parents.put(card.get("id").asText(), card.get("parent").asText());
    }
    return parents;
  }

  @Test
  void aReplacedAdapterMovesToTheBaseThatTheNewOneFits() {
    String body = "{\"lora_name\": \"moving\", \"lora_path\": \"%s\", \"load_inplace\": true}";

    client.post("/v1/load_lora_adapter", body.formatted("ofFirst"));
    String before = answer("moving");
    client.post("/v1/load_lora_adapter", body.formatted("ofSecond"));

    assertThat(before).isEqualTo(answer("ofFirst"));
    assertThat(answer("moving")).isEqualTo(answer("ofSecond"));
    assertThat(client.get("/v1/models/moving").json().get("parent").asText()).isEqualTo(SECOND);
    assertThat(client.post("/v1/unload_lora_adapter", "{\"lora_name\": \"moving\"}").status())
        .isEqualTo(200);
  }

  @Test
  void anAdapterThatFitsNoBaseIsRefusedWithTheReasons() {
    Path third = SavedTextModel.chatty(directory.resolve("c"), 9);
    SavedTextModel.adapter(third, folder.resolve("stranger"), 4);

    JsonNode error =
        client
            .post("/v1/chat/completions", TestClient.chat("stranger", "Hello"))
            .json()
            .get("error");

    assertThat(error.get("message").asText())
        .contains("'stranger' fits none of the base models", "for " + FIRST, "for " + SECOND);
  }

  @Test
  void namesAreTakenByAnyOfTheModels() {
    String body = "{\"lora_name\": \"%s\", \"lora_path\": \"ofFirst\"%s}";

    assertThat(
            client
                .post("/v1/load_lora_adapter", body.formatted(SECOND, ", \"load_inplace\": true"))
                .status())
        .isEqualTo(400);
    assertThat(client.post("/v1/load_lora_adapter", body.formatted("given", "")).status())
        .isEqualTo(400);
    assertThatThrownBy(() -> LoraServer.builder().model(FIRST, first).model(FIRST, second).start())
        .isInstanceOf(UserError.class)
        .hasMessageContaining(FIRST);
  }
}
