package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares label masks with transformers and TRL; see tools/mask_fixtures.py. */
class LabelMaskTest {
  /** The day of the fixtures, which Llama 3.2's template writes. */
  private static final String DATE = "{%- set date_string = '29 Nov 2026' %}";

  /**
   * The template drops the system turn once an answer follows, so the rendered prompt is not a
   * prefix of the conversation.
   */
  private static final String REFUSED = "mistral-nemo: a tool call with a text";

  private static final JsonNode MASKS = TextFixture.json("chat/masks.json");

  private final Path directory;

  LabelMaskTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @TestFactory
  Stream<DynamicTest> masksOfOddConversationsEqualThoseOfTransformersAndTrl() {
    return MASKS.properties().stream()
        .flatMap(
            model ->
                IntStream.range(0, model.getValue().path("cases").size())
                    .mapToObj(i -> model.getValue().path("cases").path(i))
                    .map(
                        one ->
                            DynamicTest.dynamicTest(
                                model.getKey() + ": " + one.path("title").asText(),
                                () -> compare(model.getKey(), model.getValue(), one))));
  }

  private void compare(String name, JsonNode model, JsonNode one) throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer(model.path("tokenizer").asText())) {
      String source =
          model.has("template")
              ? model.path("template").asText()
              : DATE + Files.readString(TextFixture.path("chat/" + name + ".jinja"));
      if (one.has("error") || REFUSED.equals(name + ": " + one.path("title").asText())) {
        assertThatThrownBy(() -> examples(one.path("row").toString(), source, tokenizer))
            .isInstanceOf(UserError.class);
        return;
      }
      List<Example> made = examples(one.path("row").toString(), source, tokenizer).examples();
      JsonNode wanted = one.path("examples");
      assertThat(made).hasSize(wanted.size());
      for (int i = 0; i < made.size(); i++) {
        Example example = made.get(i);
        assertThat(example.tokens()).isEqualTo(TextFixture.ints(wanted.path(i).path("tokens")));
        assertThat(IntStream.range(0, example.length()).map(t -> example.carriesLoss(t) ? 1 : 0))
            .containsExactly(box(TextFixture.ints(wanted.path(i).path("loss"))));
      }
    }
  }

  private static Integer[] box(int... values) {
    return IntStream.of(values).boxed().toArray(Integer[]::new);
  }

  private TextExamples examples(String row, String template, Tokenizer tokenizer)
      throws IOException {
    TextData data = TextData.open(Files.writeString(directory.resolve("a.jsonl"), row));
    return TextExamples.of(
        data,
        tokenizer,
        ExampleOptions.ofLength(4096).with(ChatTemplate.of(template, tokenizer.special().texts())));
  }

  private String learned(JsonNode row) throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      String source = Files.readString(TextFixture.path("chat/smollm2.jinja"));
      Example example = examples(row.toString(), source, tokenizer).examples().get(0);
      return LabelView.withMarks(tokenizer).show(example);
    }
  }

  @ParameterizedTest
  @CsvSource({"weight, 0, 1", "train, false, true"})
  void answersMarkedAsBadCarryNoLoss(String field, String bad, String good) throws IOException {
    JsonNode row =
        new ObjectMapper()
            .readTree(
                """
                {"messages": [{"role": "user", "content": "Name a bird"},
                  {"role": "assistant", "content": "A stone", "FIELD": BAD},
                  {"role": "user", "content": "No, a bird"},
                  {"role": "assistant", "content": "An owl", "FIELD": GOOD}]}
                """
                    .replace("FIELD", field)
                    .replace("BAD", bad)
                    .replace("GOOD", good));
    assertThat(learned(row)).contains("A stone<|im_end|>", "⟦An owl<|im_end|>⟧");
    assertThat(learned(row)).doesNotContain("⟦A stone");
  }

  @Test
  void answersMarkedAsBadCarryNoLossInMarkedTemplates() throws IOException {
    String row =
        """
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "no", "weight": 0},
          {"role": "user", "content": "r"}, {"role": "assistant", "content": "yes"}]}
        """
            .replace("\n", " ");
    try (Tokenizer tokenizer = TextFixture.tokenizer("llama2")) {
      String marked = Files.readString(TextFixture.path("chat/marked.jinja"));
      Example example = examples(row, marked, tokenizer).examples().get(0);
      String shown = LabelView.withMarks(tokenizer).show(example);
      assertThat(shown).contains("yes</s>⟧").doesNotContain("no</s>⟧");
    }
  }

  @Test
  void templateVariablesOfTheRowReachTheTemplate() throws IOException {
    String template =
        "{{ style }}{{ tools is none }}{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}";
    String row =
        "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\","
            + " \"content\": \"a\"}], \"chat_template_kwargs\": {\"style\": \"brief\"}}";
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      Example example = examples(row, template, tokenizer).examples().get(0);
      assertThat(tokenizer.decode(example.tokens())).startsWith("briefTrueq");
    }
  }

  @Test
  void noEndIsAddedAfterTheUsersLastTurn() throws IOException {
    String noEnd =
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
            + "{% if add_generation_prompt %}assistant: {% endif %}";
    JsonNode messages =
        JsonNodeFactory.instance
            .arrayNode()
            .add(message("user", "a"))
            .add(message("assistant", "b"))
            .add(message("user", "c"));
    String row = JsonNodeFactory.instance.objectNode().set("messages", messages).toString();
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      TextExamples made = examples(row, noEnd, tokenizer);
      assertThat(made.report().endsAdded()).isZero();
      assertThat(tokenizer.decode(made.examples().get(0).tokens())).endsWith("user: c\n");
    }
  }

  private static JsonNode message(String role, String content) {
    return JsonNodeFactory.instance.objectNode().put("role", role).put("content", content);
  }

  @Test
  void unknownRolesAreRefusedUnlessTheTemplateNamesThem() throws IOException {
    String row =
        "{\"messages\": [{\"role\": \"usr\", \"content\": \"q\"},"
            + " {\"role\": \"assistant\", \"content\": \"a\"}]}";
    String generic = Files.readString(TextFixture.path("chat/smollm2.jinja"));
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      assertThatThrownBy(() -> examples(row, generic, tokenizer))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("row 1: no role 'usr'; did you mean user?");
      String named = "{% if messages[0].role == 'usr' %}" + generic + "{% endif %}";
      assertThat(examples(row, named, tokenizer).examples()).hasSize(1);
    }
  }
}
