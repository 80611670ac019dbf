package dev.lora4j.llm.dataset.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Message;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MessageParserTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final MessageParser parser = new MessageParser();

  private Message message(String json) {
    try {
      return parser.messages("messages", JSON.readTree("[" + json.replace('\'', '"') + "]")).get(0);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "human, user",
    "gpt, assistant",
    "chatgpt, assistant",
    "bot, assistant",
    "model, assistant",
    "developer, system",
    "function, tool",
    "observation, tool"
  })
  void rolesOfDataSetsAreMappedAndNoted(String name, String role) {
    assertThat(message("{'role': '" + name + "', 'content': 'x'}"))
        .isEqualTo(Message.of(role, "x"));
    assertThat(parser.notes()).containsExactly("role " + name + " as " + role);
  }

  @Test
  void shareGptMessagesHaveFromAndValue() {
    assertThat(message("{'from': 'gpt', 'value': 'x'}")).isEqualTo(Message.assistant("x"));
    assertThat(message("{'from': 'user', 'content': 'x'}")).isEqualTo(Message.user("x"));
  }

  @Test
  void functionCallsBecomeToolCalls() {
    List<?> calls =
        List.of(
            Map.of(
                "type",
                "function",
                "function",
                Map.of("name", "weather", "arguments", Map.of("town", "Ulm"))));
    String text = "{\\\"name\\\": \\\"weather\\\", \\\"arguments\\\": {\\\"town\\\": \\\"Ulm\\\"}}";
    Message shareGpt = message("{'from': 'function_call', 'value': '" + text + "'}");
    assertThat(shareGpt.role()).isEqualTo("assistant");
    assertThat(shareGpt.fields().get("content")).isEqualTo("");
    assertThat(shareGpt.fields().get("tool_calls")).isEqualTo(calls);
    Message legacy =
        message(
            "{'role': 'assistant', 'content': null, 'function_call': {'name': 'weather',"
                + " 'arguments': '{\\\"town\\\": \\\"Ulm\\\"}'}}");
    assertThat(legacy.fields().get("tool_calls")).isEqualTo(calls);
    assertThat(legacy.fields().containsKey("function_call")).isFalse();
  }

  @Test
  void argumentsThatAreJsonTextsBecomeObjects() {
    String call =
        "{'role': 'assistant', 'tool_calls': [{'function': {'name': 'f', 'arguments': %s}}]}";
    assertArguments(call.formatted("'{\\\"a\\\": 1}'"), Map.of("a", 1));
    assertArguments(call.formatted("{'a': 1}"), Map.of("a", 1));
    assertArguments(call.formatted("''"), Map.of());
    assertThatThrownBy(() -> message(call.formatted("'a=1'")))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "messages[0].tool_calls[0].arguments: expected a JSON object, found the text a=1");
    assertThatThrownBy(() -> message(call.formatted("'[1]'")))
        .hasMessageContaining("tool_calls[0].arguments: expected a JSON object, found [1]");
  }

  private void assertArguments(String json, Map<String, ?> arguments) {
    assertThat(message(json).fields().get("tool_calls"))
        .isEqualTo(List.of(Map.of("function", Map.of("name", "f", "arguments", arguments))));
  }

  @Test
  void textPartsBecomeTheirText() {
    assertThat(
            message(
                "{'role': 'user', 'content': [{'type': 'text', 'text': 'a'}, {'type': 'text',"
                    + " 'text': ' b'}]}"))
        .isEqualTo(Message.user("a b"));
    assertThatThrownBy(
            () ->
                message(
                    "{'role': 'user', 'content': [{'type': 'text', 'text': 'a'},"
                        + " {'type': 'image_url', 'image_url': {'url': 'x'}}]}"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("messages[0].content[1]")
        .hasMessageContaining("image_url");
  }

  @Test
  void contentMayBeNullBesideToolCallsOnly() {
    Message call =
        message(
            "{'role': 'assistant', 'content': null, 'tool_calls': [{'function': {'name': 'f',"
                + " 'arguments': {}}}]}");
    assertThat(call.fields()).containsEntry("content", null);
    for (String calls : List.of("", ", 'tool_calls': null", ", 'tool_calls': []")) {
      assertThatThrownBy(() -> message("{'role': 'assistant', 'content': null" + calls + "}"))
          .isInstanceOf(UserError.class)
          .hasMessage("messages[0].content is null; expected a text");
    }
  }

  @Test
  void keysThatATableFillsWithNullAreLeftOut() {
    assertThat(message("{'role': 'user', 'content': 'a', 'tool_calls': null, 'name': null}"))
        .isEqualTo(Message.user("a"));
  }

  @Test
  void wrongTypesAreNamed() {
    assertThatThrownBy(() -> message("{'role': 'user', 'content': 3}"))
        .hasMessage("messages[0].content: expected a text, found 3");
    assertThatThrownBy(() -> message("{'role': 'assistant', 'content': 'a', 'weight': 0.5}"))
        .hasMessage("messages[0].weight: expected 0 or 1, found 0.5");
    assertThatThrownBy(() -> message("{'role': 'assistant', 'content': 'a', 'train': 'no'}"))
        .hasMessage("messages[0].train: expected true or false, found no");
  }
}
