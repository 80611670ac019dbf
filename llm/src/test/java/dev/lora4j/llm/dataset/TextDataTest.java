package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.Message;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextDataTest {
  private final Path directory;

  TextDataTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private Path file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content);
  }

  private static List<Sample> samples(Path file) {
    return TextData.open(file).rows().stream().map(DataRow::sample).toList();
  }

  @Test
  void everyFormIsToldByItsFields() throws IOException {
    assertThat(form("{\"messages\": []}")).isEqualTo(StandardFormat.CHAT);
    assertThat(form("{\"completion\": \"\", \"prompt\": \"\"}"))
        .isEqualTo(StandardFormat.COMPLETION);
    assertThat(form("{\"instruction\": \"\", \"output\": \"\"}"))
        .isEqualTo(StandardFormat.INSTRUCTION);
    assertThat(form("{\"text\": \"\", \"id\": 3}")).isEqualTo(StandardFormat.TEXT);
    assertThat(form("{\"prompt\": \"\", \"chosen\": \"\", \"rejected\": \"\"}"))
        .isEqualTo(StandardFormat.PREFERENCE);
    assertThat(TextData.open(file("a.txt", "")).form()).isEqualTo(StandardFormat.DOCUMENT);
  }

  private DataFormat form(String row) throws IOException {
    return TextData.open(file("form.jsonl", row)).form();
  }

  @Test
  void jsonKeepsItsTextsAsTheyAre() throws IOException {
    Path file = file("a.jsonl", "{\"text\": \"2024-01-01\"}\n\n{\"text\": \" é\\n\\u0001😀\"}\n");
    assertThat(samples(file))
        .containsExactly(new Sample.Text("2024-01-01"), new Sample.Text(" é\n\u0001😀"));
    assertThat(samples(file("b.json", "[{\"text\": \"a\"},\n{\"text\": \"b\"}]")))
        .containsExactly(new Sample.Text("a"), new Sample.Text("b"));
  }

  @Test
  void tablesMayHaveQuotesCommasAndLines() throws IOException {
    assertThat(samples(file("a.csv", "prompt,completion\n\"x, \"\"y\"\"\nz\",01\n2024-01-01,b\n")))
        .containsExactly(
            new Sample.Completion("x, \"y\"\nz", "01"), new Sample.Completion("2024-01-01", "b"));
    assertThat(samples(file("a.tsv", "text\tid\na, b\t1\n")))
        .containsExactly(new Sample.Text("a, b"));
  }

  @Test
  void jsonIsReadByItsContent() throws IOException {
    String row = "{\"text\": \"a\"}";
    String pretty = "{\n  \"text\": \"a\"\n}\n";
    for (String ending : List.of("json", "jsonl", "ndjson")) {
      for (String content :
          List.of(
              row,
              "\n" + row + "\n\n",
              "[" + row + "]",
              pretty,
              "\r\n" + pretty.replace("\n", "\r\n"),
              "[\n" + pretty + "]")) {
        assertThat(samples(file("a." + ending, content)))
            .as(ending + " " + content)
            .containsExactly(new Sample.Text("a"));
        assertThat(samples(file("a." + ending, "\uFEFF" + content)))
            .as(ending + " with a byte order mark " + content)
            .containsExactly(new Sample.Text("a"));
      }
      assertThat(samples(file("a." + ending, pretty + pretty)))
          .containsExactly(new Sample.Text("a"), new Sample.Text("a"));
    }
  }

  @Test
  void jsonMayWrapItsRowsInData() throws IOException {
    String rows = "[{\"text\": \"a\"}, {\"text\": \"b\"}]";
    List<Sample> both = List.of(new Sample.Text("a"), new Sample.Text("b"));
    assertThat(samples(file("a.json", "{\"data\": " + rows + "}"))).isEqualTo(both);
    assertThat(
            samples(
                file(
                    "a.json",
                    "{\"version\": {\"data\": [1]}, \"data\": " + rows + ", \"more\": [{}]}")))
        .isEqualTo(both);
    assertThat(samples(file("b.json", "{\"text\": \"a\", \"data\": [1, 2]}")))
        .containsExactly(new Sample.Text("a"));
  }

  @Test
  void numbersThatAreNoneAreReadWhereNobodyLooks() throws IOException {
    String rows = "{\"text\": \"a\", \"score\": NaN}\n{\"text\": \"b\", \"score\": -Infinity}\n";
    assertThat(samples(file("a.jsonl", rows)))
        .containsExactly(new Sample.Text("a"), new Sample.Text("b"));
    assertThat(samples(file("a.json", rows))).hasSize(2);
    Path text = file("b.json", "[{\"text\": NaN}]");
    assertThatThrownBy(() -> samples(text)).hasMessageContaining("expected a text, found NUMBER");
  }

  @Test
  void aBrokenLineIsNamedByItsNumber() throws IOException {
    String good = "{\"text\": \"a\"}\n";
    Path file = file("a.jsonl", good.repeat(9) + "{\"text\": \"broken\n" + good);
    assertThatThrownBy(() -> samples(file))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("line 10");
    Path pretty = file("b.jsonl", "{\n\"text\": \"a\"\n}\n{\n\"text\": }\n");
    assertThatThrownBy(() -> samples(pretty)).hasMessageContaining("line 5");
  }

  @Test
  void aTextFileOfWindowsHasNeitherMarkNorCarriageReturns() throws IOException {
    assertThat(samples(file("a.txt", "\uFEFFa\r\nb\rc\n")))
        .containsExactly(new Sample.Document("a\nb\nc\n"));
  }

  @Test
  void parquetIsRead() throws SQLException {
    Path file = directory.resolve("a.parquet");
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = database.createStatement()) {
      statement.execute(
          "COPY (SELECT [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}]"
              + " AS messages) TO '"
              + file
              + "' (FORMAT parquet)");
    }
    assertThat(samples(file))
        .containsExactly(new Sample.Chat(List.of(Message.user("q"), Message.assistant("a")), 0));
  }

  /** Arrow fills the keys that one row lacks with null: tools/parquet_fixtures.py. */
  @Test
  void toolCallsOfParquetEqualThoseOfJson() {
    List<Sample> rows = samples(TextFixture.path("parquet/tools.jsonl"));
    assertThat(samples(TextFixture.path("parquet/tools.parquet"))).hasSize(4).isEqualTo(rows);
  }

  @Test
  void nullsOfParquetStayInListsAndColumns() throws SQLException {
    Path file = directory.resolve("a.parquet");
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = database.createStatement()) {
      statement.execute(
          "COPY (SELECT 'q' AS prompt, 'a' AS completion, 's' AS system, {'docs': [NULL, 'd'],"
              + " 'x': {'y': NULL}, 'big': 18446744073709551616::DECIMAL(38, 0)} AS"
              + " chat_template_kwargs, NULL AS tools) TO '"
              + file
              + "' (FORMAT parquet)");
    }
    assertThat(((Sample.Chat) samples(file).get(0)).variables())
        .isEqualTo(
            Map.of(
                "docs",
                Arrays.asList(null, "d"),
                "x",
                Map.of(),
                "big",
                new BigInteger("18446744073709551616")));
  }

  @Test
  void promptsMayBeConversations() throws IOException {
    Path file =
        file(
            "a.jsonl",
            "{\"prompt\": [{\"role\": \"user\", \"content\": \"q\"}], \"completion\": \"a\"}");
    assertThat(samples(file))
        .containsExactly(new Sample.Chat(List.of(Message.user("q"), Message.assistant("a")), 1));
  }

  @Test
  void preferencesHoldBothAnswers() throws IOException {
    Path file = file("a.jsonl", "{\"prompt\": \"p\", \"chosen\": \"c\", \"rejected\": \"r\"}");
    assertThat(samples(file))
        .containsExactly(
            new Sample.Preference(
                new Sample.Completion("p", "c"), new Sample.Completion("p", "r")));
  }

  @Test
  void anInstructionsInputMayBeMissing() throws IOException {
    Path file =
        file(
            "a.jsonl",
            """
            {"instruction": "i", "output": "o"}
            {"instruction": "i", "input": null, "output": "o"}
            {"instruction": "i", "input": "n", "output": "o"}
            """);
    assertThat(samples(file))
        .containsExactly(
            new Sample.Instruction("i", "", "o"),
            new Sample.Instruction("i", "", "o"),
            new Sample.Instruction("i", "n", "o"));
  }

  @Test
  void fieldsThatTellNothingAreAnsweredWithTheNearest() throws IOException {
    Path file = file("a.jsonl", "{\"promt\": \"a\", \"completions\": \"b\"}");
    assertThatThrownBy(() -> TextData.open(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("row 1")
        .hasMessageContaining("promt: did you mean prompt?")
        .hasMessageContaining("completions: did you mean completion?")
        .hasMessageContaining("instruction, output");
  }

  @Test
  void aRowThatIsDifferentIsNamed() throws IOException {
    Path file =
        file(
            "a.jsonl",
            "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"a\", \"completoin\": \"b\"}\n");
    TextData data = TextData.open(file);
    assertThatThrownBy(data::rows)
        .isInstanceOf(UserError.class)
        .hasMessageContaining(file + ", row 2: no field completion; did you mean completoin?");
  }

  @Test
  void aMessageWithoutARoleIsNamed() throws IOException {
    Path file = file("a.jsonl", "{\"messages\": [{\"rolle\": \"user\", \"content\": \"x\"}]}");
    TextData data = TextData.open(file);
    assertThatThrownBy(data::rows)
        .hasMessageContaining("row 1: messages[0]: no field role; did you mean rolle?");
  }

  @Test
  void nothingAndNullAreNoTexts() throws IOException {
    Path empty = file("a.jsonl", "");
    assertThatThrownBy(() -> TextData.open(empty)).hasMessageContaining("no row");
    TextData nothing = TextData.open(file("b.jsonl", "{\"text\": null}"));
    assertThatThrownBy(nothing::rows).hasMessageContaining("row 1: text is null");
    TextData number = TextData.open(file("c.jsonl", "{\"text\": 3}"));
    assertThatThrownBy(number::rows).hasMessageContaining("expected a text, found NUMBER");
  }

  @Test
  void damagedFilesSayWhere() throws IOException {
    Path cut = file("a.jsonl", "{\"text\": \"a\"}\n{\"text\": \n");
    assertThatThrownBy(() -> TextData.open(cut).rows())
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("line 2");
    Path parquet = file("a.parquet", "no parquet at all");
    assertThatThrownBy(() -> TextData.open(parquet)).isInstanceOf(CorruptFile.class);
    Path latin = directory.resolve("latin.txt");
    Files.write(latin, new byte[] {'a', (byte) 0xe9, 'b'});
    TextData text = TextData.open(latin);
    assertThatThrownBy(text::rows).isInstanceOf(CorruptFile.class).hasMessageContaining("UTF-8");
  }

  @Test
  void aFilesNameIsNoPattern() throws IOException {
    file("a1.jsonl", "{\"text\": \"wrong\"}");
    assertThat(samples(file("a[1].jsonl", "{\"text\": \"right\"}")))
        .containsExactly(new Sample.Text("right"));
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    Path file = file("a.xlsx", "");
    assertThatThrownBy(() -> TextData.open(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("csv, json, jsonl, ndjson, parquet, tsv or txt");
    assertThatThrownBy(() -> TextData.open(directory.resolve("none.jsonl")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void manyRowsComeInOrder() throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      rows.append("{\"text\": \"").append(i).append("\"}\n");
    }
    List<Sample> expected = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      expected.add(new Sample.Text(Integer.toString(i)));
    }
    assertThat(samples(file("many.jsonl", rows.toString()))).isEqualTo(expected);
  }
}
