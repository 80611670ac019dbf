package dev.lora4j.llm.dataset.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvRowsTest {
  private final Path directory;

  CsvRowsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private List<String> rows(String name, String content) throws IOException {
    return rows(Files.writeString(directory.resolve(name), content));
  }

  private static List<String> rows(Path file) {
    List<String> rows = new ArrayList<>();
    DataFile.of(file)
        .read(
            (number, json) -> {
              rows.add(json);
              assertThat(number).isEqualTo(rows.size());
              return true;
            });
    return rows;
  }

  @Test
  void cellsAreTextsAlsoEmptyOnes() throws IOException {
    assertThat(rows("a.csv", "a,b\n01, x \n,\"\"\n\"q \"\"w\"\"\",\"1,\n2\"\n"))
        .containsExactly(
            "{\"a\":\"01\",\"b\":\" x \"}",
            "{\"a\":\"\",\"b\":\"\"}",
            "{\"a\":\"q \\\"w\\\"\",\"b\":\"1,\\n2\"}");
    assertThat(rows("a.tsv", "a\tb\nx, \"y\"\tz\n"))
        .containsExactly("{\"a\":\"x, \\\"y\\\"\",\"b\":\"z\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a,b\n1,2\n3,4\n",
        "a,b\r\n1,2\r\n3,4",
        "a,b\r1,2\r3,4\r",
        "a,b\n1,2\r\n3,4\r",
        "\uFEFFa,b\n\n1,2\r\n\r\n3,4\n\n"
      })
  void lineEndsMayBeMixed(String content) throws IOException {
    assertThat(rows("a.csv", content))
        .containsExactly("{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":\"3\",\"b\":\"4\"}");
  }

  @Test
  void oneColumnIsEnough() throws IOException {
    assertThat(rows("a.csv", "text\nhello\n\"hello, world\"\n# not a comment\n"))
        .containsExactly(
            "{\"text\":\"hello\"}",
            "{\"text\":\"hello, world\"}",
            "{\"text\":\"# not a comment\"}");
  }

  @ParameterizedTest
  @ValueSource(strings = {";", "\t", "|"})
  void delimiterIsFoundInTheHeader(String delimiter) throws IOException {
    String content = "\n\"a, b\";c \n1,5;\"x;y\"\n;2\n".replace(";", delimiter);
    assertThat(rows("a.csv", content))
        .containsExactly(
            "{\"a, b\":\"1,5\",\"c\":\"x%s\"}".formatted(delimiter.replace("\t", "\\t") + "y"),
            "{\"a, b\":\"\",\"c\":\"2\"}");
  }

  @Test
  void commaInTheHeaderTakesPrecedence() throws IOException {
    assertThat(rows("a.csv", "a,b|c\n1;2,3\n")).containsExactly("{\"a\":\"1;2\",\"b|c\":\"3\"}");
    assertThat(rows("a.csv", "text\na; b | c\td\n")).containsExactly("{\"text\":\"a; b | c\\td\"}");
    assertProblem("a;b|c\n1;2|3\n", "header: expected one delimiter, found [;, |]");
    assertProblem("a;b\n1,2\n", "row 1: expected 2 cells, as in the header, found 1 (line 2)");
  }

  @Test
  void lineOfAProblemCountsBreaksInsideCells() throws IOException {
    assertProblem(
        "a,b\n\"1\n2\",3\n\n\"4\n\"\n",
        "row 2: expected 2 cells, as in the header, found 1 (line 5)");
  }

  @Test
  void cellsMayBeLong() throws IOException {
    String cell = "x".repeat(25_000_000);
    assertThat(rows("a.csv", "text\n" + cell)).containsExactly("{\"text\":\"" + cell + "\"}");
  }

  @Test
  void problemsNameTheRowAndTheReason() throws IOException {
    assertProblem("text\nhello, world\n", "row 1: expected 1 cell, as in the header, found 2; put");
    assertProblem("a,b\n1,2\n3\n", "row 2: expected 2 cells, as in the header, found 1 (line 3)");
    assertProblem(
        "a,b\n1,2\n\"Hi\" she said,3\n",
        "row 2: text after the closing quote of a cell; double quotes inside quotes (line 3)");
    assertProblem("a,b\n1,\"2\n3,4\n", "row 1: a quote is opened and not closed (line 2)");
    assertProblem("a,a\n1,2\n", "header: two columns are named a");
    Path latin = directory.resolve("latin.csv");
    Files.write(latin, new byte[] {'a', '\n', 'b', '\n', (byte) 0xdc, '\n'});
    assertThatThrownBy(() -> rows(latin))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("line 3 is not UTF-8 text");
  }

  private void assertProblem(String content, String problem) throws IOException {
    Path file = Files.writeString(directory.resolve("wrong.csv"), content);
    assertThatThrownBy(() -> rows(file))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining(file + ": " + problem);
  }

  @Test
  void gzipIsRead() throws IOException {
    Path file = directory.resolve("a.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write("a\n1\n".getBytes(UTF_8));
    }
    assertThat(rows(file)).containsExactly("{\"a\":\"1\"}");
  }

  @Test
  void rowsEqualThoseOfDuckDb() throws IOException, SQLException {
    Random random = new Random(7);
    String[] pieces = {"a", "\"", ",", "\n", " ", "é", "#", "1.50", "NULL", "😀", "\r\n"};
    StringBuilder text = new StringBuilder("prompt,completion\n");
    for (int row = 0; row < 300; row++) {
      for (int cell = 0; cell < 2; cell++) {
        StringBuilder value = new StringBuilder("x");
        for (int i = random.nextInt(6); i > 0; i--) {
          value.append(pieces[random.nextInt(pieces.length)]);
        }
        String quoted = "\"" + value.toString().replace("\"", "\"\"") + "\"";
        text.append(random.nextInt(9) == 0 ? "" : quoted).append(cell == 0 ? "," : "\n");
      }
    }
    Path file = Files.writeString(directory.resolve("many.csv"), text);
    String query =
        "SELECT CAST(to_json(t) AS VARCHAR) FROM read_csv(?, all_varchar=true, header=true,"
            + " quote='\"', escape='\"', delim=',') t";
    List<String> wanted = new ArrayList<>();
    try (Connection database = DriverManager.getConnection("jdbc:duckdb:");
        PreparedStatement statement = database.prepareStatement(query)) {
      statement.setString(1, file.toString());
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          wanted.add(result.getString(1).replace(":null", ":\"\""));
        }
      }
    }
    assertThat(rows(file)).isEqualTo(wanted);
  }
}
