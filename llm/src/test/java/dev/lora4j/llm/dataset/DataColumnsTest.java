package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Columns beside those of a form: honoured, renamed, or named as ignored. */
class DataColumnsTest {
  private static final List<Message> QUESTION_AND_ANSWER =
      List.of(Message.user("q"), Message.assistant("a"));

  private final Path directory;

  DataColumnsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private TextData open(String name, String content, TextData.Options options) throws IOException {
    return TextData.open(Files.writeString(directory.resolve(name), content), options);
  }

  private Sample sample(String row) throws IOException {
    return open("a.jsonl", row.replace('\'', '"'), TextData.Options.DEFAULT).rows().get(0).sample();
  }

  @Test
  void toolsAndTemplateVariablesOfARowAreKept() throws IOException {
    Object tools = List.of(Map.of("type", "function", "function", Map.of("name", "f")));
    String messages =
        "'messages': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}]";
    String list = "[{'type': 'function', 'function': {'name': 'f'}}]";
    assertThat(
            sample(
                "{%s, 'tools': %s, 'chat_template_kwargs': {'enable_thinking': false, 'x': null}}"
                    .formatted(messages, list)))
        .isEqualTo(
            new Sample.Chat(
                QUESTION_AND_ANSWER, 0, Map.of("tools", tools, "enable_thinking", false)));
    assertThat(sample("{%s, 'tools': '%s'}".formatted(messages, list.replace("'", "\\\""))))
        .isEqualTo(new Sample.Chat(QUESTION_AND_ANSWER, 0, Map.of("tools", tools)));
    assertThat(sample("{%s, 'tools': null, 'chat_template_kwargs': ''}".formatted(messages)))
        .isEqualTo(new Sample.Chat(QUESTION_AND_ANSWER, 0));
    assertThatThrownBy(() -> sample("{%s, 'tools': 'f, g'}".formatted(messages)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("row 1: tools: expected JSON");
  }

  @Test
  void systemBesideThePromptMakesAConversation() throws IOException {
    List<Message> all = List.of(Message.system("s"), Message.user("q"), Message.assistant("a"));
    assertThat(sample("{'system': 's', 'prompt': 'q', 'completion': 'a'}"))
        .isEqualTo(new Sample.Chat(all, 2));
    assertThat(sample("{'system': '', 'prompt': 'q', 'completion': 'a'}"))
        .isEqualTo(new Sample.Chat(QUESTION_AND_ANSWER, 1));
    assertThat(
            sample(
                "{'system': 's', 'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'gpt',"
                    + " 'value': 'a'}]}"))
        .isEqualTo(new Sample.Chat(all, 1));
    assertThatThrownBy(
            () ->
                sample(
                    "{'system': 's', 'messages': [{'role': 'system', 'content': 't'}, {'role':"
                        + " 'assistant', 'content': 'a'}]}"))
        .hasMessageContaining("begins with a system message already");
  }

  @Test
  void systemAndHistoryOfAnInstructionAreEarlierTurns() throws IOException {
    Sample sample =
        sample("{'system': 's', 'history': [['b', 'c']], 'instruction': 'q', 'output': 'a'}");
    List<Message> before = List.of(Message.system("s"), Message.user("b"), Message.assistant("c"));
    assertThat(sample).isEqualTo(new Sample.Instruction("q", "", "a", before));
    assertThat(((Sample.Instruction) sample).asChat().messages())
        .containsExactly(
            before.get(0), before.get(1), before.get(2), Message.user("q"), Message.assistant("a"));
    assertThatThrownBy(() -> ((Sample.Instruction) sample).asCompletion())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("history");
    assertThat(
            ((Sample.Instruction) sample("{'system': 's', 'instruction': 'q', 'output': 'a'}"))
                .asCompletion()
                .prompt())
        .isEqualTo("s\n\n### Instruction:\nq\n\n### Response:\n");
    assertThatThrownBy(
            () -> sample("{'history': ['b'], 'instruction': 'q', 'output': 'a'}").toString())
        .hasMessageContaining("history: expected pairs of texts");
  }

  @Test
  void ignoredColumnsAreNamedOnceWithTheirCount() throws IOException {
    String rows =
        """
        {"prompt": "a\\n", "completion": "b", "id": 1, "score": NaN}
        {"prompt": "a\\n", "completion": "b", "id": 2, "score": null}
        """;
    TextData data = open("a.jsonl", rows, TextData.Options.DEFAULT);
    assertThat(warnings(data)).containsExactly("Ignored columns: id (2 rows), score (1 row).");
    TextData strict = open("a.jsonl", rows, new TextData.Options(Map.of(), true));
    assertThatThrownBy(strict::rows)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("row 1: id, score: the form completion does not read these columns");
  }

  @Test
  void labelsBesideTextsHintAtClassification() throws IOException {
    TextData data = open("a.csv", "text,label\ngood,1\nbad,0\n", TextData.Options.DEFAULT);
    assertThat(warnings(data))
        .hasSize(2)
        .contains("Ignored columns: label (2 rows).")
        .anyMatch(warning -> warning.startsWith("2 rows of text with a label"));
  }

  @Test
  void mappedRolesAreSaidOnce() throws IOException {
    String row = "{\"prompt\": [{\"from\": \"human\", \"value\": \"q\"}], \"completion\": \"a\"}\n";
    List<DataRow> rows = open("a.jsonl", row + row, TextData.Options.DEFAULT).rows();
    DataReportBuilder counts = new DataReportBuilder();
    rows.forEach(counts::row);
    assertThat(counts.report(false).warnings()).containsExactly("2 rows: read role human as user.");
  }

  private static List<String> warnings(TextData data) {
    try (Tokenizer tokenizer = TextFixture.tokenizer("gpt2")) {
      return TextExamples.of(data, tokenizer, ExampleOptions.ofLength(64)).report().warnings();
    }
  }

  @Test
  void columnsMayHaveOtherNames() throws IOException {
    String row = "{\"question\": \"q\", \"answer\": \"a\", \"id\": 1}";
    TextData.Options options =
        new TextData.Options(Map.of("prompt", "question", "completion", "answer"), false);
    DataRow read = open("a.jsonl", row, options).rows().get(0);
    assertThat(read.sample()).isEqualTo(new Sample.Completion("q", "a"));
    assertThat(read.ignored()).containsExactly("id");
    TextData.Options wrong = new TextData.Options(Map.of("prompt", "qestion"), false);
    assertThatThrownBy(() -> open("a.jsonl", row, wrong))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("row 1: no column qestion; did you mean question?");
    assertThatThrownBy(() -> open("a.jsonl", row, TextData.Options.DEFAULT))
        .hasMessageContaining("--columns prompt=question,completion=answer");
  }

  @Test
  void columnsMayHaveAnotherLetterCase() throws IOException {
    TextData data =
        open("a.csv", "Prompt,COMPLETION,Id\nq\\n,a,1\nr\\n,b,2\n", TextData.Options.DEFAULT);
    assertThat(data.form()).isEqualTo(StandardFormat.COMPLETION);
    assertThat(data.rows().get(0).sample()).isEqualTo(new Sample.Completion("q\\n", "a"));
    assertThat(warnings(data))
        .contains(
            "2 rows: read column COMPLETION as completion.",
            "2 rows: read column Prompt as prompt.",
            "Ignored columns: Id (2 rows).");
    assertThat(sample("{'Prompt': 'x', 'prompt': 'q', 'completion': 'a'}"))
        .isEqualTo(new Sample.Completion("q", "a"));
    assertThatThrownBy(() -> sample("{'Prompt': 'x', 'PROMPT': 'q', 'completion': 'a'}"))
        .hasMessageContaining("no data format has the fields Prompt, PROMPT, completion");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '=',
      value = {
        "question, answer = prompt:question,completion:answer",
        "Query, id, response = prompt:Query,completion:response",
        "input, output = prompt:input,completion:output",
        "instruction, response = output:response",
        "instruction, context, response = output:response,input:context",
        "prompt, response = completion:response",
      })
  void commonNamesAreAnsweredWithTheOption(String columns, String option) {
    String row =
        Arrays.stream(columns.split(", "))
            .map(name -> "'" + name + "': 'x'")
            .collect(Collectors.joining(", ", "{", "}"));
    assertThatThrownBy(() -> sample(row))
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith("--columns " + option.replace(':', '='));
  }

  @Test
  void emptyAnswersAreCountedAlikeInAllFormats() throws IOException {
    String csv = "prompt,completion\nq\\n,\nr\\n,b\n";
    String json =
        "{\"prompt\": \"q\\n\", \"completion\": \"\"}\n{\"prompt\": \"r\\n\", \"completion\": \"b\"}\n";
    for (TextData data :
        List.of(
            open("a.csv", csv.replace("\\n", "\\"), TextData.Options.DEFAULT),
            open("a.jsonl", json.replace("\\n", "\\\\"), TextData.Options.DEFAULT))) {
      assertThat(data.rows().get(0).sample()).isEqualTo(new Sample.Completion("q\\", ""));
      assertThat(warnings(data))
          .contains("1 example with an empty answer: the model learns to answer with nothing.");
    }
    TextData nothing =
        open("b.jsonl", "{\"prompt\": \"q\", \"completion\": null}", TextData.Options.DEFAULT);
    assertThatThrownBy(nothing::rows).hasMessageContaining("row 1: completion is null");
  }

  @Test
  void onlyAnswersWithNothingElseAreEmpty() throws IOException {
    String row =
        "{'messages': [{'role': 'user', 'content': ''}, {'role': 'assistant', 'content': ' ' %s}]}";
    assertThat(sample(row.formatted("")).hasEmptyAnswer()).isTrue();
    for (String more :
        List.of(
            ", 'reasoning_content': 'r'",
            ", 'train': false",
            ", 'tool_calls': [{'name': 'f', 'arguments': {}}]")) {
      assertThat(sample(row.formatted(more)).hasEmptyAnswer()).as(more).isFalse();
    }
  }

  @Test
  void ignoredColumnsKeepTheirOwnCase() throws IOException {
    DataRow row =
        open("a.jsonl", "{\"Text\": \"a\", \"System\": \"s\"}", TextData.Options.DEFAULT)
            .rows()
            .get(0);
    assertThat(row.sample()).isEqualTo(new Sample.Text("a"));
    assertThat(row.notes()).containsExactly("column Text as text");
    assertThat(row.ignored()).containsExactly("System");
  }

  @Test
  void emptyCellsOfOtherColumnsAreNoValues() throws IOException {
    TextData data =
        open("a.csv", "instruction,input,output,note\ni,,o,\n", TextData.Options.DEFAULT);
    assertThat(data.rows().get(0).sample()).isEqualTo(new Sample.Instruction("i", "", "o"));
    assertThat(data.rows().get(0).ignored()).isEmpty();
  }

  @Test
  void largeIntegersStayExact() throws IOException {
    String call = "{'name': 'f', 'arguments': %s}";
    String row =
        "{'messages': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': null,"
            + " 'tool_calls': [{'function': %s}]}], 'tools': [{'max': 18446744073709551616}]}";
    BigInteger large = new BigInteger("18446744073709551616");
    for (String arguments :
        List.of("{'id': 18446744073709551616}", "'{\\'id\\': 18446744073709551616}'")) {
      Sample.Chat chat = (Sample.Chat) sample(row.formatted(call.formatted(arguments)));
      assertThat(chat.variables()).isEqualTo(Map.of("tools", List.of(Map.of("max", large))));
      assertThat(chat.messages().get(1).fields().get("tool_calls"))
          .isEqualTo(
              List.of(Map.of("function", Map.of("name", "f", "arguments", Map.of("id", large)))));
    }
  }

  @Test
  void textsMayBeLong() throws IOException {
    String text = "x".repeat(21_000_000);
    TextData data = open("a.jsonl", "{\"text\": \"" + text + "\"}", TextData.Options.DEFAULT);
    assertThat(data.rows().get(0).sample()).isEqualTo(new Sample.Text(text));
  }

  @Test
  void columnsMaySwapNames() throws IOException {
    TextData.Options swapped =
        new TextData.Options(Map.of("prompt", "completion", "completion", "prompt"), false);
    assertThat(
            open("a.jsonl", "{\"prompt\": \"a\", \"completion\": \"q\"}", swapped)
                .rows()
                .get(0)
                .sample())
        .isEqualTo(new Sample.Completion("q", "a"));
  }

  @Test
  void numbersAsAnswersAreNamedWithTheRemedy() {
    assertThatThrownBy(() -> sample("{'prompt': '2+2=', 'completion': 4}"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "row 1: completion: expected a text or a list of messages, found NUMBER; write it in"
                + " quotes: \"4\"");
  }
}
