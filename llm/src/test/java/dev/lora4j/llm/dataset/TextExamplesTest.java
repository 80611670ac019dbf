package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextExamplesTest {
  private static final String TWO_TURNS =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"One?\"},"
          + "{\"role\": \"assistant\", \"content\": \"1 dog\"},"
          + "{\"role\": \"user\", \"content\": \"Two?\"},"
          + "{\"role\": \"assistant\", \"content\": \"2 dogs\"}]}";

  private final Path directory;

  TextExamplesTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private TextData data(String name, String content) throws IOException {
    return TextData.open(Files.writeString(directory.resolve(name), content));
  }

  private static ChatTemplate template(String name, Tokenizer tokenizer) throws IOException {
    String source = Files.readString(TextFixture.path("chat/" + name + ".jinja"));
    return ChatTemplate.of(source, tokenizer.special().texts());
  }

  /** The texts of the loss tokens, one for each contiguous span. */
  private static List<String> learned(Example example, Tokenizer tokenizer) {
    List<String> pieces = new ArrayList<>();
    List<Integer> run = new ArrayList<>();
    for (int i = 0; i <= example.length(); i++) {
      if (i < example.length() && example.carriesLoss(i)) {
        run.add(example.token(i));
      } else if (!run.isEmpty()) {
        pieces.add(tokenizer.decode(run.stream().mapToInt(Integer::intValue).toArray()));
        run.clear();
      }
    }
    return pieces;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "smollm2 ~ smollm2  ~ 1 dog<|im_end|>   ~ 2 dogs<|im_end|>",
        "smollm2 ~ qwen2.5  ~ 1 dog<|im_end|>   ~ 2 dogs<|im_end|>",
        "llama3  ~ llama3   ~ 1 dog<|eot_id|>   ~ 2 dogs<|eot_id|>",
        "llama3  ~ llama3.2 ~ 1 dog<|eot_id|>   ~ 2 dogs<|eot_id|>",
        "llama2  ~ tinyllama~ 1 dog</s>         ~ 2 dogs</s>",
        "llama2  ~ marked   ~ 1 dog</s>         ~ 2 dogs</s>",
      })
  void ofAConversationTheAnswersAreLearnedWithTheirEnds(
      String name, String templateName, String first, String second) throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer(name)) {
      TextExamples examples =
          TextExamples.of(
              data("a.jsonl", TWO_TURNS),
              tokenizer,
              ExampleOptions.ofLength(512).with(template(templateName, tokenizer)));
      assertThat(learned(examples.examples().get(0), tokenizer)).containsExactly(first, second);
      assertThat(examples.report().warnings()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "mistral"})
  void answersThatBeginWithASpaceAreLearnedToo(String templateName) throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("llama2")) {
      Example example =
          TextExamples.of(
                  data("a.jsonl", TWO_TURNS),
                  tokenizer,
                  ExampleOptions.ofLength(512).with(template(templateName, tokenizer)))
              .examples()
              .get(0);
      assertThat(learned(example, tokenizer))
          .extracting(String::strip)
          .extracting(piece -> piece.replace(" </s>", "</s>"))
          .containsExactly("1 dog</s>", "2 dogs</s>");
    }
  }

  @Test
  void aTokenThatAlsoPadsIsLearnedAllTheSame() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      assertThat(tokenizer.special().pad()).isEqualTo(tokenizer.special().eos());
      Example example =
          TextExamples.of(
                  data("a.jsonl", "{\"prompt\": \"a\\n\", \"completion\": \"b\"}"),
                  tokenizer,
                  ExampleOptions.ofLength(16))
              .examples()
              .get(0);
      int last = example.length() - 1;
      assertThat(example.token(last)).isEqualTo(tokenizer.special().eos().getAsInt());
      assertThat(example.carriesLoss(last)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "smollm2", "llama3", "llama2"})
  void ofACompletionOnlyItIsLearned(String name) throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer(name)) {
      TextExamples examples =
          TextExamples.of(
              data("a.jsonl", "{\"prompt\": \"The 😀 dog:\", \"completion\": \" barks é.\"}"),
              tokenizer,
              ExampleOptions.ofLength(64));
      Example example = examples.examples().get(0);
      String eos = tokenizer.decode(tokenizer.special().eos().getAsInt());
      assertThat(learned(example, tokenizer)).singleElement().asString().endsWith("barks é." + eos);
      assertThat(learned(example, tokenizer).get(0)).doesNotContain("dog", ":");
      int[] bos = tokenizer.encode("");
      assertThat(Arrays.copyOf(example.tokens(), bos.length)).isEqualTo(bos);
      assertThat(examples.report().seams()).isZero();
    }
  }

  @Test
  void aTokenAcrossTheSeamIsLearnedAndCounted() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      TextExamples examples =
          TextExamples.of(
              data("a.jsonl", "{\"prompt\": \"numb\", \"completion\": \"ers\"}"),
              tokenizer,
              ExampleOptions.ofLength(64));
      assertThat(examples.report().seams()).isEqualTo(1);
      assertThat(examples.report().warnings()).singleElement().asString().contains("line break");
    }
  }

  @Test
  void everythingMayBeLearned() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      Example example =
          TextExamples.of(
                  data("a.jsonl", "{\"prompt\": \"The dog\", \"completion\": \" barks\"}"),
                  tokenizer,
                  ExampleOptions.ofLength(64).learning(LossOn.EVERYTHING))
              .examples()
              .get(0);
      assertThat(example.lossTokens()).isEqualTo(example.length() - 1);
      assertThat(example.carriesLoss(0)).isFalse();
    }
  }

  @Test
  void instructionsAreAskedAsConversationsWhereThereIsATemplate() throws IOException {
    String row = "{\"instruction\": \"Add.\", \"input\": \"1, 2\", \"output\": \"3\"}";
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      ExampleOptions options = ExampleOptions.ofLength(256);
      Example plain = TextExamples.of(data("a.jsonl", row), tokenizer, options).examples().get(0);
      assertThat(tokenizer.decode(plain.tokens()))
          .contains("### Instruction:\nAdd.\n\n### Input:\n1, 2\n\n### Response:\n3");
      Example chat =
          TextExamples.of(
                  data("a.jsonl", row), tokenizer, options.with(template("smollm2", tokenizer)))
              .examples()
              .get(0);
      assertThat(tokenizer.decode(chat.tokens()))
          .contains("<|im_start|>user\nAdd.\n\n1, 2<|im_end|>");
      assertThat(learned(chat, tokenizer)).containsExactly("3<|im_end|>");
    }
  }

  @Test
  void textsAreLearnedFromTheSecondTokenToTheEnd() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("llama3")) {
      Example example =
          TextExamples.of(
                  data("a.jsonl", "{\"text\": \"The dog\"}"),
                  tokenizer,
                  ExampleOptions.ofLength(64))
              .examples()
              .get(0);
      assertThat(tokenizer.decode(example.tokens()))
          .isEqualTo("<|begin_of_text|>The dog<|eot_id|>");
      assertThat(learned(example, tokenizer)).containsExactly("The dog<|eot_id|>");
    }
  }

  @Test
  void aDocumentIsCutIntoBlocksAndNothingIsLost() throws IOException {
    String text = "The quick brown fox jumps over the lazy dog.\n".repeat(40);
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      TextExamples examples =
          TextExamples.of(data("a.txt", text), tokenizer, ExampleOptions.ofLength(32));
      int[] all =
          examples.examples().stream()
              .flatMapToInt(example -> Arrays.stream(example.tokens()))
              .toArray();
      assertThat(tokenizer.decodeSkippingSpecial(all)).isEqualTo(text);
      assertThat(examples.examples().subList(0, examples.examples().size() - 1))
          .allMatch(example -> example.length() == 32 && example.lossTokens() == 31);
    }
  }

  @Test
  void longExamplesAreCutAndCounted() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      TextData data =
          data(
              "a.jsonl",
              """
              {"prompt": "The dog", "completion": " barks and barks and barks"}
              {"prompt": "The dog jumps over the lazy fox again", "completion": "!"}
              {"prompt": "Hi", "completion": " ho"}
              """);
      TextExamples examples = TextExamples.of(data, tokenizer, ExampleOptions.ofLength(6));
      DataReport report = examples.report();
      assertThat(report.rows()).isEqualTo(3);
      assertThat(report.examples()).isEqualTo(2).isEqualTo(examples.examples().size());
      assertThat(report.truncated()).isEqualTo(2);
      assertThat(report.dropped()).isEqualTo(1);
      assertThat(report.firstDropped()).hasValue(data.file() + ", row 2");
      assertThat(report.tokens())
          .isEqualTo(examples.examples().stream().mapToInt(Example::length).sum());
      assertThat(report.lossTokens())
          .isEqualTo(examples.examples().stream().mapToInt(Example::lossTokens).sum());
      assertThat(report.warnings()).hasSize(2);
    }
  }

  @Test
  void nothingToLearnIsAnError() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      TextData questions =
          data("a.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}]}");
      ExampleOptions options = ExampleOptions.ofLength(64).with(template("smollm2", tokenizer));
      assertThatThrownBy(() -> TextExamples.of(questions, tokenizer, options))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no loss tokens in 1 rows");
    }
  }

  @Test
  void conversationsWithoutATemplateSayWhatIsMissing() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      TextData data = data("a.jsonl", TWO_TURNS);
      assertThatThrownBy(() -> TextExamples.of(data, tokenizer, ExampleOptions.ofLength(64)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("row 1")
          .hasMessageContaining("chat template");
    }
  }

  @Test
  void aMissingEndIsAddedAndTold() throws IOException {
    String noEnd =
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
            + "{% if add_generation_prompt %}assistant: {% endif %}";
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      TextExamples examples =
          TextExamples.of(
              data("a.jsonl", TWO_TURNS),
              tokenizer,
              ExampleOptions.ofLength(256).with(ChatTemplate.of(noEnd, Map.of())));
      assertThat(examples.report().endsAdded()).isEqualTo(1);
      assertThat(learned(examples.examples().get(0), tokenizer))
          .containsExactly("1 dog\n", "2 dogs\n<|im_end|>");
    }
  }

  @Test
  void aTemplateThatRewritesEarlierAnswersMakesAnExampleOfEach() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      TextExamples examples =
          TextExamples.of(
              data("a.jsonl", TWO_TURNS),
              tokenizer,
              ExampleOptions.ofLength(256).with(template("qwen3", tokenizer)));
      assertThat(examples.report().divided()).isEqualTo(1);
      assertThat(examples.examples())
          .extracting(example -> learned(example, tokenizer))
          .containsExactly(
              List.of("<think>\n\n</think>\n\n1 dog<|im_end|>"),
              List.of("<think>\n\n</think>\n\n2 dogs<|im_end|>"));
    }
  }

  @Test
  void aTemplateThatDoesNotGoOnFromItsPromptIsRefused() throws IOException {
    String other =
        "{% for m in messages %}{{ m.content }}{% endfor %}"
            + "{% if add_generation_prompt %}Answer:{% endif %}";
    try (Tokenizer tokenizer = TextFixture.tokenizer("smollm2")) {
      TextData data = data("a.jsonl", TWO_TURNS);
      ExampleOptions options = ExampleOptions.ofLength(64).with(ChatTemplate.of(other, Map.of()));
      assertThatThrownBy(() -> TextExamples.of(data, tokenizer, options))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("generation");
    }
  }

  @Test
  void ofAConversationsPromptNoAnswerIsLearned() throws IOException {
    String row =
        "{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"},"
            + "{\"role\": \"assistant\", \"content\": \"b\"},"
            + "{\"role\": \"user\", \"content\": \"c\"}],"
            + "\"completion\": [{\"role\": \"assistant\", \"content\": \"d\"}]}";
    try (Tokenizer tokenizer = TextFixture.tokenizer("llama2")) {
      for (String name : List.of("tinyllama", "marked")) {
        Example example =
            TextExamples.of(
                    data("a.jsonl", row),
                    tokenizer,
                    ExampleOptions.ofLength(256).with(template(name, tokenizer)))
                .examples()
                .get(0);
        assertThat(learned(example, tokenizer)).as(name).containsExactly("d</s>");
      }
    }
  }

  @Test
  void preferencesBecomePairs() throws IOException {
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      TextData data =
          data("a.jsonl", "{\"prompt\": \"The\", \"chosen\": \" dog\", \"rejected\": \" fox\"}");
      ExampleGroups pairs = ExampleGroups.of(data, tokenizer, ExampleOptions.ofLength(64));
      assertThat(learned(pairs.groups().get(0).get(0), tokenizer))
          .containsExactly(" dog<|endoftext|>");
      assertThat(learned(pairs.groups().get(0).get(1), tokenizer))
          .containsExactly(" fox<|endoftext|>");
      assertThatThrownBy(() -> TextExamples.of(data, tokenizer, ExampleOptions.ofLength(64)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("DPO");
      TextData texts = data("b.jsonl", "{\"text\": \"a\"}");
      assertThatThrownBy(() -> texts.readAs(List.of(StandardFormat.PREFERENCE)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("prompt, chosen, rejected");
    }
  }
}
