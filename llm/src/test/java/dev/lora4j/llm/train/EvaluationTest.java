package dev.lora4j.llm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lora4j.PythonPeer;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.dataset.TextExamples;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.train.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The loss of a file is the mean over its tokens, regardless of batching. */
class EvaluationTest {
  private static final String TEXTS =
      """
      {"text": "To be, or not to be, that is the question."}
      {"text": "Whether 'tis nobler in the mind to suffer\\nthe slings and arrows"}
      {"text": "Ay"}
      {"text": "It was the best of times, it was the worst of times, it was the age of wisdom"}
      """;
  private static final String COMPLETIONS =
      """
      {"prompt": "name[Blue Spice]\\n", "completion": "The Blue Spice is a coffee shop."}
      {"prompt": "name[Giraffe], area[riverside]\\n", "completion": "By the river: Giraffe."}
      """;
  private static final String CHATS =
      """
      {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi, you!"}, {"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "Nobody."}]}
      {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]}
      """;

  private final Path directory;

  EvaluationTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private Path base() {
    return SavedTextModel.chatty(directory.resolve("base"));
  }

  private Path data(String rows) {
    try {
      return Files.writeString(directory.resolve("data.jsonl"), rows);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Example> examples(ChatModel model, Path file) {
    ExampleOptions options =
        ExampleOptions.ofLength(192).with(model.format().template().orElseThrow());
    return TextExamples.of(TextData.open(file), model.format().tokenizer(), options).examples();
  }

  private static Evaluation evaluate(ChatModel model, List<Example> examples, int threads) {
    try (Workers workers = new Workers(threads)) {
      return Evaluation.of(model.network(), examples, workers, done -> {});
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"texts", "completions", "chats"})
  void transformersFindsTheSame(String form) throws IOException, InterruptedException {
    PythonPeer python = PythonPeer.require("transformers");
    Path base = base();
    Path adapter = SavedTextModel.adapter(base, directory.resolve("adapter"), 3);
    String rows =
        switch (form) {
          case "texts" -> TEXTS;
          case "completions" -> COMPLETIONS;
          default -> CHATS;
        };
    Path file = data(rows);
    try (ChatModel model = ChatModel.open(base)) {
      Evaluation bare = evaluate(model, examples(model, file), 2);
      model.load("adapter", adapter, BaseCheck.SAME_BASE);
      model.activate(List.of("adapter"));
      Evaluation adapted = evaluate(model, examples(model, file), 2);
      assertThat(Math.abs(adapted.nll() - bare.nll())).isGreaterThan(0.01);
      assertAgreed(python, base, file, bare);
      assertAgreed(python, base, file, adapted, "--adapter", adapter);
    }
  }

  private static void assertAgreed(
      PythonPeer python, Path base, Path file, Evaluation found, Object... more)
      throws IOException, InterruptedException {
    List<Object> arguments = new ArrayList<>(List.of(base, file, "--nll", found.nll()));
    arguments.addAll(List.of("--tokens", found.tokens()));
    arguments.addAll(List.of(more));
    PythonPeer.Answer answer = python.run("check_nll.py", arguments.toArray());
    assertThat(answer.exit()).as(answer.text()).isZero();
    assertThat(answer.text()).contains("\"ok\": true");
  }

  @Test
  void everyTokenOfATextCountsAfterTheFirstAndItsEnd() {
    try (ChatModel model = ChatModel.open(base())) {
      List<Example> one = examples(model, data("{\"text\": \"To be, or not\"}\n"));
      int tokens = model.format().tokenizer().encode("To be, or not").length;
      assertThat(evaluate(model, one, 1).tokens()).isEqualTo(tokens); // minus the first, plus eos
    }
  }

  @Test
  void theMeanIsOverTokensAndNotOverExamplesOrBatches() {
    try (ChatModel model = ChatModel.open(base())) {
      List<Example> many = new ArrayList<>();
      for (int i = 0; i < 60; i++) { // more than one batch
        many.addAll(examples(model, data(TEXTS)));
      }
      double sum = 0;
      long tokens = 0;
      for (Example example : examples(model, data(TEXTS))) {
        Evaluation alone = evaluate(model, List.of(example), 1);
        sum += alone.nll() * alone.tokens();
        tokens += alone.tokens();
      }
      Evaluation together = evaluate(model, many, 2);
      assertThat(together.tokens()).isEqualTo(60 * tokens);
      assertThat(together.examples()).isEqualTo(240);
      assertThat(together.nll()).isCloseTo(sum / tokens, within(1e-5));
      assertThat(together.perplexity()).isEqualTo(Math.exp(together.nll()));
    }
  }

  @Test
  void whatDoesNotFitTheModelIsRefused() {
    try (ChatModel model = ChatModel.open(base())) {
      assertThatThrownBy(() -> evaluate(model, List.of(), 1))
          .isInstanceOf(UserError.class)
          .hasMessage("no examples to evaluate on");
      Example foreign = Example.of(new int[] {1, 900}, new boolean[] {false, true});
      assertThatThrownBy(() -> evaluate(model, List.of(foreign), 1))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("is the tokenizer another model's?");
      Example endless = Example.of(new int[200], new boolean[200]);
      assertThatThrownBy(() -> evaluate(model, List.of(endless), 1))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("the model's maximum sequence length is 192");
    }
  }
}
