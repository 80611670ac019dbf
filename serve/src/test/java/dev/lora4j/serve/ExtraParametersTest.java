package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.TestClient.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** vLLM's parameters, the bytes of tokens, HEAD, and errors about adapters. */
class ExtraParametersTest {
  private static final String CHAT = "/v1/chat/completions";

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

  private static JsonNode chat(String more) {
    Reply reply = client.post(CHAT, TestClient.CHAT.formatted("base", "Tell me", more));
    assertThat(reply.status()).as(reply.toString()).isEqualTo(200);
    return reply.json();
  }

  private static void assertRefused(String more, String param, String... words) {
    Reply reply = client.post(CHAT, TestClient.CHAT.formatted("base", "Hi", more));
    assertThat(reply.status()).as(reply.toString()).isEqualTo(400);
    assertThat(reply.text("/error/param")).isEqualTo(param);
    assertThat(reply.text("/error/message")).contains(words);
  }

  // ---- min_tokens, stop_token_ids ----

  @Test
  void aCompletionEndsAtAFurtherStopTokenButNotBeforeItsMinimum() {
    String eager = ", \"logit_bias\": {\"42\": 100}, \"stop_token_ids\": [42]%s";

    JsonNode stopped = chat(eager.formatted(""));
    JsonNode later = chat(eager.formatted(", \"min_tokens\": 5"));

    assertThat(stopped.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(stopped.at("/choices/0/message/content").asText()).isEmpty();
    assertThat(stopped.at("/usage/completion_tokens").asInt()).isEqualTo(1);
    assertThat(later.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(later.at("/usage/completion_tokens").asInt()).isEqualTo(6);
  }

  @Test
  void aStopStringDoesNotEndACompletionBeforeItsMinimum() {
    String whole = chat("").at("/choices/0/message/content").asText();
    String stop = ", \"stop\": " + TestClient.quoted(whole.substring(0, 1));

    assertThat(chat(stop).at("/choices/0/message/content").asText()).isEmpty();
    assertThat(chat(stop + ", \"min_tokens\": 12").at("/choices/0/message/content").asText())
        .startsWith(whole.substring(0, 1));
  }

  @Test
  void wrongValuesAreRefusedByName() {
    assertRefused(", \"min_tokens\": 13", "min_tokens", "at most max_tokens");
    assertRefused(", \"min_tokens\": -1", "min_tokens", "between");
    assertRefused(", \"stop_token_ids\": [548]", "stop_token_ids", "0 to 547");
    assertRefused(", \"stop_token_ids\": 7", "stop_token_ids", "list");
    assertRefused(", \"modalities\": [\"text\", \"audio\"]", "modalities", "audio");
    assertRefused(", \"chat_template_kwargs\": []", "chat_template_kwargs", "object");
    assertRefused(
        ", \"stream\": true, \"stream_options\": {\"include_usage\": 1}",
        "stream_options.include_usage",
        "true or false");
    assertThat(chat(", \"modalities\": [\"text\"]").has("choices")).isTrue();
  }

  // ---- chat templates ----

  @Test
  void variablesAndToolsReachTheChatTemplate() throws IOException {
    Path template = tiny.folder().resolve("tenant3/chat_template.jinja");
    Files.writeString(
        template,
        "{{ mood }}{{ tools[0].function.name if tools else 'no' }}{% for m in messages %}"
            + "{{ m.content }}{% endfor %}");
    String body =
        """
        {"model": "tenant3", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1,
         "chat_template_kwargs": {"mood": "merry", "nothing": null, "messages": []}%s}
        """;
    String tools = ", \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"time\"}}]";

    String plain = client.post("/apply-template", body.formatted("")).text("/prompt");
    String withTools = client.post("/apply-template", body.formatted(tools)).text("/prompt");
    Reply tokens = client.post("/tokenize", body.formatted(tools));
    Reply expected = client.post("/tokenize", "{\"prompt\": \"merrytimeHi\"}");
    Reply answer = client.post(CHAT, body.formatted(""));

    assertThat(plain).isEqualTo("merrynoHi");
    assertThat(withTools).isEqualTo("merrytimeHi");
    assertThat(tokens.json().get("tokens")).isEqualTo(expected.json().get("tokens"));
    assertThat(answer.json().at("/usage/prompt_tokens").asInt())
        .isEqualTo(client.post("/tokenize", body.formatted("")).json().get("count").asInt());
    assertThat(client.post("/tokenize", body.formatted(", \"tools\": 1")).text("/error/param"))
        .isEqualTo("tools");
    Files.delete(template);
  }

  // ---- bytes ----

  @Test
  void theBytesOfTokensAreTheirOwnAlsoWithinACharacter() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(tiny.model())) {
      int[] ids = tokenizer.encodePlain("€");
      assertThat(ids).as("tokens of a character").hasSizeGreaterThan(1);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int id : ids) {
        JsonNode token =
            chat(", \"logprobs\": true, \"logit_bias\": {\"%d\": 100}".formatted(id))
                .at("/choices/0/logprobs/content/0");
        assertThat(token.get("token").asText()).contains("\uFFFD");
        token.get("bytes").forEach(value -> all.write(value.asInt()));
      }

      assertThat(all.toString(StandardCharsets.UTF_8)).isEqualTo("€");
    }
  }

  // ---- HEAD ----

  @Test
  void headIsAnsweredAsGetWithoutABody() throws Exception {
    for (String path : new String[] {"/health/live", "/v1/models", "/", "/v1/models/base"}) {
      HttpResponse<String> head = send("HEAD", path);
      HttpResponse<String> get = send("GET", path);

      assertThat(head.statusCode()).as(path).isEqualTo(200);
      assertThat(head.body()).isEmpty();
      assertThat(head.headers().firstValue("content-type"))
          .isEqualTo(get.headers().firstValue("content-type"));
      assertThat(head.headers().firstValue("content-length"))
          .isEqualTo(get.headers().firstValue("content-length"));
    }
    assertThat(send("HEAD", "/v1/nothing").statusCode()).isEqualTo(404);
    assertThat(send("HEAD", CHAT).statusCode()).isEqualTo(405);
    assertThat(send("PUT", "/v1/models").headers().firstValue("Allow")).contains("GET, HEAD");
  }

  private static HttpResponse<String> send(String method, String path)
      throws IOException, InterruptedException {
    return client
        .http()
        .send(
            HttpRequest.newBuilder(client.uri(path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  // ---- adapters ----

  @Test
  void errorsAboutAdaptersNameTheParameterAndNoPathOfTheServer() throws IOException {
    Path broken = Files.createDirectory(tiny.folder().resolve("broken"));
    Files.copy(tiny.pirate().resolve("adapter_config.json"), broken.resolve("adapter_config.json"));
    Files.writeString(broken.resolve("adapter_model.safetensors"), "nonsense");
    String load = "{\"lora_name\": \"%s\", \"lora_path\": \"%s\"}";

    Reply used = client.post(CHAT, TestClient.chat("broken", "Hi"));
    Reply loaded = client.post("/v1/load_lora_adapter", load.formatted("x", "broken"));

    assertError(used, 400, "model", "adapter_model.safetensors");
    assertError(loaded, 400, "lora_path", "adapter_model.safetensors");
    assertError(
        client.post("/v1/load_lora_adapter", load.formatted("base", "tenant1")),
        400,
        "lora_name",
        "is a base model");
    assertError(
        client.post("/v1/load_lora_adapter", load.formatted("pirate", "tenant1")),
        400,
        "lora_name",
        "load_inplace");
    assertError(
        client.post("/v1/unload_lora_adapter", "{\"lora_name\": \"pirat\"}"),
        404,
        "lora_name",
        "pirate");
    assertError(
        client.post("/v1/unload_lora_adapter", "{\"lora_name\": \"base\"}"),
        400,
        "lora_name",
        "only adapters");
  }

  private static void assertError(Reply reply, int status, String param, String words) {
    assertThat(reply.status()).as(reply.toString()).isEqualTo(status);
    assertThat(reply.text("/error/param")).isEqualTo(param);
    assertThat(reply.text("/error/message"))
        .contains(words)
        .doesNotContain(directory.toString(), tiny.folder().toString());
  }
}
