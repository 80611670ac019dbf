package dev.lora4j.llm.tool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.tokenizer.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tool calls in streamed answers of each family. */
class ToolCallParserTest {
  private static final ToolCall WEATHER = new ToolCall("weather", "{\"city\":\"Köln\"}");
  private static final ToolCall TIME = new ToolCall("time", "{}");

  private record Answer(String text, List<ToolCall> calls) {}

  /** Parses an answer in pieces of every length: each has the same result. */
  private static Answer parse(ToolCallFormat format, String answer) {
    Answer whole = parse(format, answer, answer.length());
    for (int length = 1; length < Math.min(12, answer.length()); length++) {
      assertThat(parse(format, answer, length)).as("pieces of " + length).isEqualTo(whole);
    }
    return whole;
  }

  private static Answer parse(ToolCallFormat format, String answer, int length) {
    ToolCallParser parser = new ToolCallParser(format);
    StringBuilder text = new StringBuilder();
    List<ToolCall> calls = new ArrayList<>();
    for (int i = 0; i < answer.length(); i += length) {
      ToolCallParser.Parsed parsed =
          parser.add(answer.substring(i, Math.min(answer.length(), i + length)));
      text.append(parsed.text());
      calls.addAll(parsed.calls());
    }
    ToolCallParser.Parsed rest = parser.finish();
    calls.addAll(rest.calls());
    return new Answer(text + rest.text(), calls);
  }

  @Test
  void hermesCallsAreSeparatedFromTheText() {
    String call =
        "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\"}}\n</tool_call>";
    String other = "<tool_call>{\"name\": \"time\", \"arguments\": \"{}\"}</tool_call>";

    assertThat(parse(ToolCallFormat.HERMES, "Let me see.\n" + call + "\n" + other))
        .isEqualTo(new Answer("Let me see.", List.of(WEATHER, TIME)));
    assertThat(parse(ToolCallFormat.HERMES, call.replace("\n</tool_call>", "")))
        .isEqualTo(new Answer("", List.of(WEATHER)));
  }

  @Test
  void textThatOnlyBeginsLikeACallStaysText() {
    for (String text :
        List.of(
            "a < b and <tool",
            "<tool_call>no json</tool_call> x",
            "<tool_call>{\"a\":",
            "{1} x \n")) {
      assertThat(parse(ToolCallFormat.HERMES, text)).isEqualTo(new Answer(text, List.of()));
      assertThat(parse(ToolCallFormat.MISTRAL, text)).isEqualTo(new Answer(text, List.of()));
      assertThat(parse(ToolCallFormat.LLAMA3, text)).isEqualTo(new Answer(text, List.of()));
    }
  }

  @Test
  void aLlamaCallIsTheWholeAnswer() {
    String call = "{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\"}}";

    assertThat(parse(ToolCallFormat.LLAMA3, call)).isEqualTo(new Answer("", List.of(WEATHER)));
    assertThat(parse(ToolCallFormat.LLAMA3, "<|python_tag|>" + call))
        .isEqualTo(new Answer("", List.of(WEATHER)));
    assertThat(parse(ToolCallFormat.LLAMA3, "Such as " + call).calls()).isEmpty();
  }

  @Test
  void mistralCallsAreAListOrNamed() {
    String list =
        "[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\"}},"
            + " {\"name\": \"time\", \"arguments\": {}}]";
    String named = "[TOOL_CALLS]weather[ARGS]{\"city\": \"Köln\"}[TOOL_CALLS]time[ARGS]{}";

    assertThat(parse(ToolCallFormat.MISTRAL, list))
        .isEqualTo(new Answer("", List.of(WEATHER, TIME)));
    assertThat(parse(ToolCallFormat.MISTRAL_NAMED, "So:" + named))
        .isEqualTo(new Answer("So:", List.of(WEATHER, TIME)));
  }

  @Test
  void theFormatFollowsFromTheChatTemplate() throws IOException {
    Map<String, ToolCallFormat> formats =
        Map.of(
            "qwen2.5", ToolCallFormat.HERMES,
            "qwen3", ToolCallFormat.HERMES,
            "llama3.1", ToolCallFormat.LLAMA3,
            "llama3.2", ToolCallFormat.LLAMA3,
            "mistral-nemo", ToolCallFormat.MISTRAL);
    for (Map.Entry<String, ToolCallFormat> entry : formats.entrySet()) {
      assertThat(ToolCallFormat.of(template(entry.getKey()))).contains(entry.getValue());
    }
    assertThat(ToolCallFormat.of(template("smollm2"))).isEmpty();
  }

  private static ChatTemplate template(String name) throws IOException {
    Path file = Path.of("..", "llm", "src/test/resources/fixtures/text/chat", name + ".jinja");
    return ChatTemplate.of(Files.readString(file), Map.of());
  }
}
