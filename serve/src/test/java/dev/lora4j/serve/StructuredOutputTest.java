package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.engine.ServingLimits;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code response_format} with a random model, which writes JSON only because it has to. */
class StructuredOutputTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SCHEMA =
      """
      {"type": "object", "additionalProperties": false, "required": ["name", "tags", "where"],
       "properties": {
         "name": {"type": "string", "maxLength": 6},
         "age": {"type": "integer", "minimum": 0, "maximum": 130},
         "tags": {"type": "array", "maxItems": 2, "items": {"enum": ["red", "green"]}},
         "where": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["x"],
           "properties": {"x": {"type": "number", "minimum": -1, "maximum": 1}}}]}}}
      """;
  private static final String FORMAT =
      ", \"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"person\","
          + " \"strict\": true, \"schema\": "
          + SCHEMA
          + "}}";
  private static final String CHAT =
      "{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]%s%s}";

  @TempDir static Path directory;
  private static LoraServer server;
  private static ChatClient client;

  @BeforeAll
  static void start() {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    SavedTextModel.adapter(model, directory.resolve("pirate"), 5);
    server =
        LoraServer.builder()
            .model("base", model)
            .adapter("pirate", directory.resolve("pirate"))
            .limits(ServingLimits.defaults().maxBatch(8).cacheBytes(8 << 20))
            .port(0)
            .start();
    client = new ChatClient(server);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String chat(String model, String text, String options) {
    return CHAT.formatted(model, text, options, FORMAT);
  }

  private static void assertValid(String text) {
    Schema schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(SCHEMA);
    assertThat(schema.validate(text, InputFormat.JSON)).as(text).isEmpty();
  }

  @Test
  void everyChoiceIsValidForTheSchema() {
    JsonNode answer = client.post(chat("base", "Hello", ", \"n\": 4, \"seed\": 3"));

    List<String> texts = new ArrayList<>();
    for (JsonNode choice : answer.get("choices")) {
      assertThat(choice.get("finish_reason").asText()).isEqualTo("stop");
      texts.add(choice.at("/message/content").asText());
    }
    texts.forEach(StructuredOutputTest::assertValid);
    assertThat(texts).hasSize(4).doesNotHaveDuplicates();
  }

  @Test
  void aStreamWithLogProbabilitiesHasTheTextOfTheWholeAnswer() {
    String options = ", \"seed\": 8, \"logprobs\": true, \"top_logprobs\": 3";
    JsonNode whole = client.post(chat("pirate", "Hi", options)).at("/choices/0");

    List<JsonNode> chunks = client.stream(chat("pirate", "Hi", options + ", \"stream\": true"));

    String streamed =
        chunks.stream()
            .map(chunk -> chunk.at("/delta/content").asText())
            .collect(Collectors.joining());
    assertThat(streamed).isEqualTo(whole.at("/message/content").asText());
    assertValid(streamed);
    for (JsonNode token : whole.at("/logprobs/content")) {
      assertThat(token.get("logprob").doubleValue()).isFinite().isNegative();
      assertThat(token.get("top_logprobs")).hasSize(3);
    }
  }

  @Test
  void answersInABatchAreThoseOfRequestsAlone() {
    List<String> bodies = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String body = chat(i % 2 == 0 ? "base" : "pirate", "Number", ", \"seed\": " + i);
      bodies.add(i % 4 == 3 ? body.replace(FORMAT, ", \"max_tokens\": 20") : body);
    }
    List<JsonNode> alone = bodies.stream().map(client::post).map(a -> a.get("choices")).toList();

    ExecutorService clients = Executors.newFixedThreadPool(bodies.size());
    List<JsonNode> together =
        bodies.stream()
            .map(body -> CompletableFuture.supplyAsync(() -> client.post(body), clients))
            .toList()
            .stream()
            .map(CompletableFuture::join)
            .map(answer -> answer.get("choices"))
            .toList();
    clients.shutdown();

    assertThat(together).isEqualTo(alone);
  }

  @Test
  void jsonObjectsBeginAtOnceAndEndAtMaxTokens() throws JsonProcessingException {
    String format = ", \"response_format\": {\"type\": \"json_object\"}";
    String bias = ", \"logit_bias\": {\"93\": 40}, \"max_tokens\": 30, \"seed\": 1";
    JsonNode choice = client.post(CHAT.formatted("base", "Hi", format, bias)).at("/choices/0");
    String text = choice.at("/message/content").asText();

    assertThat(text).startsWith("{");
    if (choice.get("finish_reason").asText().equals("stop")) {
      assertThat(JSON.readTree(text).isObject()).isTrue();
    } else {
      assertThat(choice.get("finish_reason").asText()).isEqualTo("length");
    }
  }

  @Test
  void wrongFormatsAreRefusedByName() {
    String format = ", \"response_format\": %s";
    client.assertRefused(
        CHAT.formatted("base", "Hi", format.formatted("{\"type\": \"xml\"}"), ""),
        "response_format.type",
        "json_schema");
    client.assertRefused(
        CHAT.formatted("base", "Hi", format.formatted("{\"type\": \"json_schema\"}"), ""),
        "response_format.json_schema",
        "missing");
    String text =
        "{\"type\": \"text\", \"json_schema\": {\"name\": \"%s\", \"schema\": {}, \"strict\": %s}}";
    client.assertRefused(
        CHAT.formatted("base", "Hi", format.formatted(text.formatted("a b", "true")), ""),
        "response_format.json_schema.name",
        "letters");
    client.assertRefused(
        CHAT.formatted("base", "Hi", format.formatted(text.formatted("ab", "{}")), ""),
        "response_format.json_schema.strict",
        "true or false");
    client.assertRefused(
        chat("base", "Hi", "").replace("\"maxItems\": 2", "\"uniqueItems\": true"),
        "response_format.json_schema.schema",
        "#/properties/tags",
        "uniqueItems");
    client.assertRefused(
        CHAT.formatted("base", "Hi", ", \"functions\": [{\"name\": \"f\"}]", ""),
        "functions",
        "tools");
  }
}
