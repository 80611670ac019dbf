package dev.lora4j.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextFixture;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.jinja.value.Rendering;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNode MODELS = TextFixture.json("chat/models.json");
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-03-04T15:06:07Z"), ZoneOffset.UTC);

  private final Path directory;

  ChatTemplateTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "smollm2",
        "llama2",
        "tinyllama",
        "llama3",
        "llama3.1",
        "llama3.2",
        "mistral",
        "mistral-nemo",
        "qwen2",
        "qwen2.5",
        "qwen3",
        "gemma2",
        "gemma3",
        "phi3",
        "phi3.5",
        "marked",
        "like-smollm3",
        "like-phi4",
        "like-ministral3",
        "like-olmo2"
      })
  void rendersAsTransformersDoes(String name) throws IOException {
    JsonNode model = MODELS.path(name);
    Map<String, String> tokens = JSON.convertValue(model.path("special"), new TypeReference<>() {});
    String source = Files.readString(TextFixture.path("chat/" + name + ".jinja"));
    ChatTemplate plain = ChatTemplate.of(source, tokens, CLOCK);
    for (JsonNode one : model.path("cases")) {
      String title = one.path("title").asText();
      Map<String, Object> variables =
          new HashMap<>(JSON.convertValue(one.path("variables"), new TypeReference<>() {}));
      boolean prompt = Boolean.TRUE.equals(variables.remove("add_generation_prompt"));
      ChatTemplate template = plain;
      for (Map.Entry<String, Object> variable : variables.entrySet()) {
        template = template.with(variable.getKey(), variable.getValue());
      }
      ChatTemplate chosen = template;
      List<Message> messages = messages(one.path("messages"));
      if (one.has("error")) {
        assertThatThrownBy(() -> chosen.rendering(messages, prompt))
            .as(title)
            .isInstanceOf(UserError.class)
            .hasMessageContaining(one.path("error").asText());
      } else {
        Rendering rendering = chosen.rendering(messages, prompt);
        assertThat(rendering.text()).as(title).isEqualTo(one.path("text").asText());
        assertThat(rendering.generated())
            .as(title)
            .hasSize(chosen.marksAnswers() ? one.path("generated").size() : 0);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "smollm2",
        "llama2",
        "tinyllama",
        "llama3",
        "llama3.1",
        "llama3.2",
        "mistral",
        "mistral-nemo",
        "qwen2",
        "qwen2.5",
        "qwen3",
        "gemma2",
        "gemma3",
        "phi3",
        "phi3.5",
        "marked",
        "like-smollm3",
        "like-phi4",
        "like-ministral3",
        "like-olmo2"
      })
  void tenTimesALongConversationIsWithinTheLimits(String name) throws IOException {
    String source = Files.readString(TextFixture.path("chat/" + name + ".jinja"));
    Map<String, String> tokens =
        JSON.convertValue(MODELS.path(name).path("special"), new TypeReference<>() {});
    String turn = "Tell me a story of 1,000 characters. ".repeat(27);
    List<Message> messages = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      messages.add(Message.user(turn));
      messages.add(Message.assistant("<think>\nwell\n</think>\n\n" + turn));
    }
    String text = ChatTemplate.of(source, tokens, CLOCK).prompt(messages);
    assertThat(text).hasSizeGreaterThan(2_000_000 - 10_000);
  }

  static List<Message> messages(JsonNode array) {
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : array) {
      messages.add(new Message(JSON.convertValue(message, new TypeReference<>() {})));
    }
    return messages;
  }

  @Test
  void generatedTextIsWhereTransformersFindsIt() throws IOException {
    ChatTemplate template =
        ChatTemplate.of(
            Files.readString(TextFixture.path("chat/marked.jinja")), Map.of("eos_token", "</s>"));
    Rendering rendering =
        template.rendering(
            List.of(Message.user("q"), Message.assistant("an answer"), Message.user("r")), false);
    assertThat(rendering.generated())
        .extracting(span -> rendering.text().substring(span.begin(), span.end()))
        .containsExactly("an answer</s>");
  }

  @Test
  void aModelsDirectoryMayHaveItInTwoPlaces() throws IOException {
    SpecialTokens special = special();
    assertThat(ChatTemplate.load(directory, special)).isEmpty();
    Path config = directory.resolve("tokenizer_config.json");
    Files.writeString(config, "{\"chat_template\": \"old {{ eos_token }}\"}");
    assertThat(rendered(special)).isEqualTo("old </s>");
    Files.writeString(
        config,
        "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"no\"},"
            + "{\"name\": \"default\", \"template\": \"named\"}]}");
    assertThat(rendered(special)).isEqualTo("named");
    Files.writeString(directory.resolve("chat_template.jinja"), "own");
    assertThat(rendered(special)).isEqualTo("own");
  }

  @Test
  void toolUseTemplateRendersConversationsWithTools() throws IOException {
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"tools\"},"
            + "{\"name\": \"default\", \"template\": \"plain\"}]}");
    ChatTemplate template = ChatTemplate.load(directory, special()).orElseThrow();
    assertThat(template.render(List.of())).isEqualTo("plain");
    assertThat(template.with("tools", List.of(Map.of("name", "f"))).render(List.of()))
        .isEqualTo("tools");
  }

  @Test
  void legacyJsonFileIsTheLastResort() throws IOException {
    Files.writeString(directory.resolve("chat_template.json"), "{\"chat_template\": \"json\"}");
    assertThat(rendered(special())).isEqualTo("json");
    Files.writeString(
        directory.resolve("tokenizer_config.json"), "{\"chat_template\": \"config\"}");
    assertThat(rendered(special())).isEqualTo("config");
  }

  @Test
  void namedTemplatesWithoutADefaultAreRefused() throws IOException {
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"x\"}]}");
    assertThatThrownBy(() -> ChatTemplate.load(directory, special()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("named default, found rag");
  }

  @Test
  void givenFileReplacesTheModelsTemplates() throws IOException {
    Files.writeString(directory.resolve("chat_template.jinja"), "own");
    Path file = Files.writeString(directory.resolve("other.jinja"), "{{ 'x' * 2 }}");
    ModelFiles files = ModelFiles.at(directory).withChatTemplate(file);
    Path copy = directory.resolve("copy");
    files.copyTokenizerTo(copy);
    assertThat(ChatTemplate.load(files, special()).orElseThrow().render(List.of())).isEqualTo("xx");
    assertThat(copy.resolve("chat_template.jinja")).hasContent("{{ 'x' * 2 }}");
  }

  @Test
  void excessiveTemplateIsNamedWithTheLimit() throws IOException {
    Path file = directory.resolve("chat_template.jinja");
    Files.writeString(file, "{{ 'x' * 99999999 }}");
    assertThatThrownBy(() -> rendered(special()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("more than 67,108,864 characters, the limit");
  }

  private String rendered(SpecialTokens special) {
    return ChatTemplate.load(directory, special).orElseThrow().render(List.of());
  }

  private static SpecialTokens special() {
    return new SpecialTokens(
        Map.of("eos_token", "</s>"),
        OptionalInt.empty(),
        OptionalInt.of(2),
        OptionalInt.empty(),
        Set.of(2));
  }

  @Test
  void aBrokenTemplateSaysWhere() {
    assertThatThrownBy(() -> ChatTemplate.of("a\n{% iff true %}", Map.of()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("line 2")
        .hasMessageContaining("did you mean if");
  }
}
