package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.chat.SavedTextModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** generate, chat, eval and data with a small random model. */
class GenerateAndChatTest {
  private final Path directory;
  private Path base;
  private final Path adapter;

  GenerateAndChatTest(@TempDir Path directory) {
    this.directory = directory;
    base = SavedTextModel.chatty(directory.resolve("base"));
    adapter = SavedTextModel.adapter(base, directory.resolve("bard"), 3);
  }

  private CommandLineRun run(String command, String... more) {
    List<String> arguments = new ArrayList<>(List.of(command, "--model", base.toString()));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private CommandLineRun generate(String... more) {
    List<String> options = new ArrayList<>(List.of("--prompt", "Hello", "--max-new-tokens", "12"));
    options.addAll(List.of(more));
    return run("generate", options.toArray(String[]::new));
  }

  private static JsonNode json(CommandLineRun run) throws IOException {
    assertThat(run.status()).as(run.err()).isZero();
    return new ObjectMapper().readTree(run.out());
  }

  private static void assertRefused(CommandLineRun run, String... words) {
    assertThat(run.status()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(words).doesNotContain("\tat ");
    assertThat(run.out()).isEmpty();
  }

  // ---- generate ----

  @Test
  void textIsStreamedAndFiguresGoToStandardError() throws IOException {
    CommandLineRun run = generate();
    JsonNode json = json(generate("--json"));
    assertThat(run.out()).isEqualTo(json.at("/text").asText() + System.lineSeparator());
    assertThat(run.err()).containsPattern("\\d+ tokens, [\\d.]+ tokens/s \\(prompt: \\d+ tokens");
    assertThat(json.at("/tokens").asInt()).isBetween(1, 12);
    assertThat(json.at("/prompt_tokens").asInt()).isGreaterThan(20); // the template's own words
    assertThat(json.at("/adapters")).isEmpty();
  }

  @Test
  void rawOmitsTheChatTemplate() throws IOException {
    assertThat(json(generate("--raw", "--json")).at("/prompt_tokens").asInt()).isLessThan(6);
  }

  @Test
  void adapterSeedAndStopChangeTheText() throws IOException {
    JsonNode bare = json(generate("--json"));
    JsonNode adapted = json(generate("--json", "--adapter", adapter.toString()));
    assertThat(adapted.at("/text")).isNotEqualTo(bare.at("/text"));
    assertThat(adapted.at("/adapters/0").asText()).isEqualTo("bard");

    String[] bold = {"--json", "--temperature", "2", "--top-k", "50", "--top-p", "0.9", "--seed"};
    List<JsonNode> drawn = new ArrayList<>();
    for (String seed : new String[] {"1", "1", "2"}) {
      List<String> options = new ArrayList<>(List.of(bold));
      options.add(seed);
      drawn.add(json(generate(options.toArray(String[]::new))).at("/text"));
    }
    assertThat(drawn.get(0)).isEqualTo(drawn.get(1)).isNotEqualTo(drawn.get(2));

    String text = bare.at("/text").asText();
    String stop = text.substring(3, 5);
    JsonNode stopped = json(generate("--json", "--stop", stop));
    assertThat(stopped.at("/text").asText()).isEqualTo(text.substring(0, text.indexOf(stop)));
    assertThat(stopped.at("/end").asText()).isEqualTo("stop_string");
  }

  @Test
  void badInputIsReportedInASentence() {
    assertRefused(generate("--temperature", "-1"), "--temperature must be at least 0");
    assertRefused(generate("--top-p", "0"), "--top-p must be above 0");
    assertRefused(
        run("generate", "--prompt", "x", "--max-new-tokens", "0"),
        "--max-new-tokens must be at least 1");
    assertRefused(generate("--stop", ""), "a stop string is empty");
    assertRefused(generate("--raw", "--system-prompt", "Be brief."), "--system-prompt");
    assertRefused(generate("--adapter", "gone"), "\"gone\"", "no directory");
    assertRefused(generate("--adapter", "=x"), "expected DIR or NAME=DIR");
    assertRefused(
        generate("--adapter", adapter.toString(), "--adapter", adapter.toString()),
        "two adapters are named 'bard'");
    assertRefused(
        CommandLineRun.of("generate", "--model", "gone", "--prompt", "x"), "no model \"gone\"");
    assertRefused(CommandLineRun.of("generate", "--model", base.toString()), "--prompt");
  }

  // ---- chat ----

  private CommandLineRun chat(String lines, String... more) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)));
    try {
      List<String> options = new ArrayList<>(List.of("--max-new-tokens", "8"));
      options.addAll(List.of("--temperature", "0"));
      options.addAll(List.of(more));
      return run("chat", options.toArray(String[]::new));
    } finally {
      System.setIn(before);
    }
  }

  private static List<JsonNode> answers(CommandLineRun run) throws IOException {
    assertThat(run.status()).as(run.err()).isZero();
    List<JsonNode> answers = new ArrayList<>();
    for (String line : run.out().lines().toList()) {
      answers.add(new ObjectMapper().readTree(line));
    }
    return answers;
  }

  @Test
  void linesFromAPipeAreAnsweredInTurn() throws IOException {
    CommandLineRun run = chat("Hello\n\nAnd?\n/quit\nnever said\n", "--json");
    List<JsonNode> answers = answers(run);
    assertThat(answers).hasSize(2);
    assertThat(answers.get(1).at("/known_tokens").asInt()).isGreaterThan(20);
    assertThat(chat("Hello\n").out().strip())
        .isEqualTo(answers.get(0).at("/text").asText().strip());
  }

  @Test
  void adapterCommandSwitchesTheAdapter() throws IOException {
    CommandLineRun run =
        chat(
            "Hello\n/adapters\n/adapter none\n/reset\nHello\n/adapter brad\n/adapter bard\nHello\n",
            "--json",
            "--adapter",
            "bard=" + adapter);
    List<JsonNode> answers = answers(run);
    assertThat(answers.get(0).at("/adapters/0").asText()).isEqualTo("bard");
    assertThat(answers.get(1).at("/adapters")).isEmpty();
    assertThat(answers.get(2).at("/adapters/0").asText()).isEqualTo("bard");
    assertThat(answers.get(2).at("/known_tokens").asInt()).isZero();
    assertThat(answers.get(0).at("/text")).isNotEqualTo(answers.get(1).at("/text"));
    assertThat(run.err())
        .contains("* bard", "no active adapter", "no adapter 'brad'; did you mean bard?");
  }

  @Test
  void saveWritesTheConversationAsTrainingData() throws IOException {
    Path file = directory.resolve("talk.jsonl");
    String save = "/save " + file + "\n";
    CommandLineRun run = chat("Hello\n" + save + "And?\n" + save, "--system-prompt", "Be brief.");
    assertThat(run.err()).contains("Saved 3 messages to", "Saved 5 messages to");
    JsonNode messages = new ObjectMapper().readTree(Files.readString(file)).at("/messages");
    assertThat(messages).hasSize(5);
    assertThat(messages.at("/0/content").asText()).isEqualTo("Be brief.");
    assertThat(messages.at("/3/content").asText()).isEqualTo("And?");
    assertThat(chat("Hello\n" + save).err()).contains("the file already exists");
  }

  @Test
  void badCommandDoesNotEndTheChat() {
    CommandLineRun run =
        chat("/rest\n/adapter\n/save\n/help\n/system Be kind.\n/system\n//who\n/adapters\n");
    assertThat(run.status()).isZero();
    assertThat(run.err())
        .contains("unknown command /rest; did you mean /reset?")
        .contains(
            "expected /adapter NAME",
            "expected /save FILE",
            "/adapter NAME",
            "Be kind.",
            "No adapters");
    assertThat(run.out()).isNotBlank(); // "/who" was said
  }

  @Test
  void conversationBeyondTheContextDropsItsFirstMessages() {
    CommandLineRun run = chat("one two three four five six seven eight\n".repeat(6));
    assertThat(run.err()).contains("context of 192 tokens", "messages are dropped");
    assertThat(chat("word ".repeat(300) + "\nHello\n").err()).contains("the message is too long");
  }

  @Test
  void modelWithoutAChatTemplateGeneratesButDoesNotChat() throws IOException {
    base = SavedTextModel.plain(directory.resolve("plain"));
    assertRefused(chat("Hello\n"), "no chat template");
    assertThat(json(generate("--json")).at("/text"))
        .isEqualTo(json(generate("--json", "--raw")).at("/text"));
  }

  // ---- eval and data ----

  private Path data(String name, String rows) throws IOException {
    return Files.writeString(directory.resolve(name), rows);
  }

  @Test
  void evalReportsNllAndPerplexity() throws IOException {
    Path file = data("held-out.jsonl", "{\"text\": \"To be, or not to be\"}\n{\"text\": \"Ay\"}\n");
    JsonNode bare = json(run("eval", "--data", file.toString(), "--json"));
    assertThat(bare.at("/perplexity").asDouble()).isEqualTo(Math.exp(bare.at("/nll").asDouble()));
    assertThat(bare.at("/tokens").asInt()).isPositive();
    JsonNode adapted =
        json(run("eval", "--data", file.toString(), "--json", "--adapter", adapter.toString()));
    assertThat(adapted.at("/nll")).isNotEqualTo(bare.at("/nll"));
    assertThat(adapted.at("/tokens")).isEqualTo(bare.at("/tokens"));
    CommandLineRun told = run("eval", "--data", file.toString());
    assertThat(told.out()).contains("nll", "perplexity", "2 examples of 2 rows");
    assertRefused(run("eval", "--data", file.toString(), "--task", "x"), "unknown task 'x'");
    assertRefused(
        run("eval", "--data", file.toString(), "--max-seq-length", "500"),
        "the limit of the model, 192");
    assertRefused(run("eval", "--data", "gone.jsonl", "--json"), "gone.jsonl");
  }

  @Test
  void dataShowsTheTokensThatCarryLoss() throws IOException {
    String rows =
        """
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
        {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]}
        """;
    String file = data("chats.jsonl", rows).toString();
    CommandLineRun run = run("data", file, "--show", "1");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("conversations (messages)", "2 examples of 2 rows", "example 1", "⟦Ho<|im_end|>⟧")
        .doesNotContain("example 2");
    assertThat(run("data", file, "--color=always").out()).contains("\u001b[1;32mHo");
    JsonNode json = json(run("data", file, "--json"));
    assertThat(json.at("/form").asText()).isEqualTo("chat");
    assertThat(json.at("/shown")).hasSize(2);
    assertThat(json.at("/shown/0/loss").size()).isEqualTo(json.at("/shown/0/tokens").size());
    assertRefused(run("data", file, "--color", "pink"), "pink");
    assertRefused(run("data", "gone.jsonl"), "gone.jsonl");
  }

  @Test
  void columnsMayHaveOtherNamesAndUnusedOnesAreNamed() throws IOException {
    String file = data("other.csv", "id,question,answer\n1,Why? ,So.\n2,How? ,Thus.\n").toString();
    String columns = "prompt=question,completion=answer";
    assertRefused(run("data", file), "row 1", "--columns prompt=question,completion=answer");
    CommandLineRun shown = run("data", file, "--columns", columns);
    assertThat(shown.out()).contains("⟦So.", "Warning: Ignored columns: id (2 rows).");
    assertThat(json(run("data", file, "--columns", columns, "--json")).at("/warnings/0").asText())
        .isEqualTo("Ignored columns: id (2 rows).");
    assertRefused(run("data", file, "--columns", columns, "--strict"), "row 1: id: the form");
    assertRefused(run("data", file, "--columns", "prompt"), "--columns: expected FIELD=COLUMN");
    assertRefused(run("data", file, "--columns", "prompt=qestion"), "did you mean question?");
    CommandLineRun evaluated = run("eval", "--data", file, "--columns", columns);
    assertThat(evaluated.status()).as(evaluated.err()).isZero();
    assertThat(evaluated.out() + evaluated.err()).contains("Ignored columns: id (2 rows).");
  }

  @Test
  void dataShowsBothAnswersOfAPair() throws IOException {
    String row = "{\"prompt\": \"Why?\\n\", \"chosen\": \"So.\", \"rejected\": \"No.\"}\n";
    CommandLineRun run = run("data", data("pairs.jsonl", row).toString());
    assertThat(run.out()).contains("pair 1, chosen", "pair 1, rejected", "⟦No.");
  }
}
