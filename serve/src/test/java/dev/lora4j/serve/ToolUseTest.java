package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.chat.SavedTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tools with the chat templates of each family and a random model. */
class ToolUseTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path TEMPLATES =
      Path.of("..", "llm", "src/test/resources/fixtures/text/chat");
  private static final String TOOLS =
      """
      , "tools": [
        {"type": "function", "function": {"name": "weather", "description": "The weather",
          "parameters": {"type": "object", "required": ["city"], "properties":
            {"city": {"type": "string", "maxLength": 5}, "days": {"enum": [1, 7]}}}}},
        {"type": "function", "function": {"name": "time", "parameters":
          {"type": "object", "properties": {}}}}], "tool_choice": %s
      """;
  private static final String CHAT =
      """
      {"model": "model", "messages": [{"role": "user", "content": "Hi"}], "seed": 4,
       "max_tokens": 150%s}
      """;

  @TempDir Path directory;

  private LoraServer server(String template) {
    Path model = SavedTextModel.plain(directory.resolve("model"));
    try {
      Files.copy(TEMPLATES.resolve(template), model.resolve("chat_template.jinja"));
      Path config = model.resolve("config.json");
      Files.writeString(config, Files.readString(config).replace(": 192", ": 8192"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return LoraServer.builder().model(model).port(0).start();
  }

  private static void assertCalls(JsonNode choice, String... names) throws JsonProcessingException {
    assertThat(choice.get("finish_reason").asText()).as(choice.toString()).isEqualTo("tool_calls");
    assertThat(choice.at("/message/content").isNull()).isTrue();
    Set<String> ids = new HashSet<>();
    for (JsonNode call : choice.at("/message/tool_calls")) {
      assertThat(call.get("type").asText()).isEqualTo("function");
      assertThat(call.at("/function/name").asText()).isIn((Object[]) names);
      JsonNode arguments = JSON.readTree(call.at("/function/arguments").asText());
      assertThat(arguments.has("city"))
          .isEqualTo(call.at("/function/name").asText().equals("weather"));
      ids.add(call.get("id").asText());
    }
    assertThat(ids).isNotEmpty().hasSize(choice.at("/message/tool_calls").size());
  }

  private static final String NAMED =
      "{\"type\": \"function\", \"function\": {\"name\": \"weather\"}}";

  @Test
  void requiredCallsAreMadeInTheFormatOfEachFamily() throws JsonProcessingException {
    for (String template : List.of("qwen2.5", "llama3.2", "mistral-nemo")) {
      directory = directory.resolve(template);
      try (LoraServer server = server(template + ".jinja")) {
        ChatClient client = new ChatClient(server);
        String single = ", \"parallel_tool_calls\": false";

        JsonNode required = client.post(CHAT.formatted(TOOLS.formatted("\"required\"") + single));
        JsonNode named = client.post(CHAT.formatted(TOOLS.formatted(NAMED)));

        assertCalls(required.at("/choices/0"), "weather", "time");
        assertCalls(named.at("/choices/0"), "weather");
        assertThat(named.at("/choices/0/message/tool_calls")).hasSize(1);
      }
    }
  }

  /** The tokenizer with two of its tokens as Mistral's markers, which are special. */
  private static void addMarkers(Path tokenizer) throws IOException {
    ObjectNode json = (ObjectNode) JSON.readTree(tokenizer.toFile());
    ObjectNode vocabulary = (ObjectNode) json.at("/model/vocab");
    ArrayNode merges = (ArrayNode) json.at("/model/merges");
    int id = vocabulary.size() - 2;
    List<String> last = new ArrayList<>();
    vocabulary
        .properties()
        .forEach(
            entry -> {
              if (entry.getValue().asInt() >= id) {
                last.add(entry.getKey());
              }
            });
    vocabulary.remove(last);
    merges.remove(merges.size() - 1);
    merges.remove(merges.size() - 1);
    for (String marker : List.of("[TOOL_CALLS]", "[ARGS]")) {
      ((ArrayNode) json.get("added_tokens"))
          .addObject()
          .put("id", marker.equals("[ARGS]") ? id + 1 : id)
          .put("content", marker)
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    JSON.writeValue(tokenizer.toFile(), json);
  }

  @Test
  void callsOfMistralsLaterModelsHaveTheirNameBeforeTheirArguments() throws IOException {
    Path model = SavedTextModel.plain(directory.resolve("model"));
    Files.writeString(
        model.resolve("chat_template.jinja"),
        """
        {%- if tools %}[AVAILABLE_TOOLS]{{ tools | tojson }}[/AVAILABLE_TOOLS]{% endif %}
        {%- for message in messages %}{% if message.tool_calls %}
        {%- for call in message.tool_calls %}[TOOL_CALLS]{{ call.function.name }}[ARGS]
        {{- call.function.arguments | tojson }}{% endfor %}
        {%- else %}[{{ message.role }}]{{ message.content }}{% endif %}{% endfor %}""");
    addMarkers(model.resolve("tokenizer.json"));
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace(": 192", ": 8192"));
    try (LoraServer server = LoraServer.builder().model(model).port(0).start()) {
      ChatClient client = new ChatClient(server);

      String single = ", \"parallel_tool_calls\": false";
      JsonNode required = client.post(CHAT.formatted(TOOLS.formatted("\"required\"") + single));
      JsonNode named = client.post(CHAT.formatted(TOOLS.formatted(NAMED)));

      assertCalls(required.at("/choices/0"), "weather", "time");
      assertCalls(named.at("/choices/0"), "weather");
      JsonNode call = named.at("/choices/0/message/tool_calls/0");
      assertThat(call.get("id").asText()).matches("[0-9a-f]{9}"); // as Mistral's templates want it
      String conversation =
          "[{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"tool_calls\": [%s]}]"
              .formatted(call);
      String prompt =
          new TestClient(server)
              .post("/apply-template", "{\"messages\": " + conversation + "}")
              .text("/prompt");
      assertThat(prompt).startsWith("[user]Hi[TOOL_CALLS]weather[ARGS]{\"city\"");
    }
  }

  @Test
  void aStreamNamesEachCallOnceAndAnswersContinueFromResults() throws JsonProcessingException {
    try (LoraServer server = server("qwen2.5.jinja")) {
      ChatClient client = new ChatClient(server);
      String body = CHAT.formatted(TOOLS.formatted(NAMED) + "%s");
      JsonNode whole = client.post(body.formatted("")).at("/choices/0/message/tool_calls/0");

      List<JsonNode> chunks = client.stream(body.formatted(", \"stream\": true"));

      List<JsonNode> deltas =
          chunks.stream()
              .map(c -> c.at("/delta/tool_calls/0"))
              .filter(c -> !c.isMissingNode())
              .toList();
      assertThat(deltas).hasSize(1);
      assertThat(deltas.get(0).get("index").asInt()).isZero();
      assertThat(deltas.get(0).get("function")).isEqualTo(whole.get("function"));
      assertThat(chunks.get(chunks.size() - 1).get("finish_reason").asText())
          .isEqualTo("tool_calls");

      String conversation =
          """
          [{"role": "user", "content": "Hi"},
           {"role": "assistant", "content": null, "tool_calls": [%s]},
           {"role": "tool", "tool_call_id": "x", "content": "rain"}]"""
              .formatted(whole);
      String next =
          CHAT.formatted(TOOLS.formatted("\"auto\""))
              .replaceFirst("\\[.*?\\]", java.util.regex.Matcher.quoteReplacement(conversation));
      JsonNode answer = client.post(next);
      assertThat(answer.at("/choices/0/message/role").asText())
          .as(answer.toString())
          .isEqualTo("assistant");
      client.assertRefused(
          next.replace("\"arguments\":\"", "\"arguments\":\"x"), "messages[1].tool_calls", "JSON");
    }
  }

  @Test
  void wrongToolsAreRefusedByName() {
    try (LoraServer server = server("qwen2.5.jinja")) {
      ChatClient client = new ChatClient(server);
      String auto = CHAT.formatted(TOOLS.formatted("\"auto\""));
      client.assertRefused(
          auto.replace("\"time\"", "\"weather\""), "tools[1].function.name", "twice");
      client.assertRefused(
          CHAT.formatted(TOOLS.formatted(NAMED.replace("weather", "wether"))),
          "tool_choice",
          "wether",
          "weather");
      client.assertRefused(auto.replace("\"auto\"", "\"maybe\""), "tool_choice", "required");
      client.assertRefused(
          auto.replace("\"auto\"", "\"required\"").replace("maxLength", "minProperties"),
          "tools",
          "weather",
          "#/properties/city",
          "minProperties");
      client.assertRefused(
          CHAT.formatted(", \"tool_choice\": \"required\""), "tool_choice", "tools");
      client.assertRefused(
          CHAT.formatted(
              TOOLS.formatted("\"auto\", \"response_format\": {\"type\": \"json_object\"}")),
          "response_format",
          "tools");
    }
  }

  @Test
  void aTemplateWithoutToolsIsNamedAsTheReason() {
    try (LoraServer server = server("smollm2.jinja")) {
      ChatClient client = new ChatClient(server);

      client.assertRefused(
          CHAT.formatted(TOOLS.formatted("\"auto\"")), "tools", "chat template", "Qwen");
      assertThat(client.post(CHAT.formatted(TOOLS.formatted("\"none\""))).has("choices")).isTrue();
    }
  }
}
