package dev.lora4j.tables;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
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
    new CsvRows()
        .read(
            file,
            (number, json) -> {
              rows.add(json);
              assertThat(number).isEqualTo(rows.size());
              return true;
            });
    return rows;
  }

  @Test
  void cellsAreTextsAndEmptyOnesNull() throws IOException {
    assertThat(rows("a.csv", "a,b\n01, x \n,\"\"\n\"q \"\"w\"\"\",\"1,\n2\"\n"))
        .containsExactly(
            "{\"a\":\"01\",\"b\":\" x \"}",
            "{\"a\":null,\"b\":null}",
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

  @Test
  void cellsMayBeLong() throws IOException {
    String cell = "x".repeat(5_000_000);
    assertThat(rows("a.csv", "text\n" + cell)).containsExactly("{\"text\":\"" + cell + "\"}");
  }

  @Test
  void problemsNameTheRowAndTheReason() throws IOException {
    assertProblem("text\nhello, world\n", "row 1: expected 1 cell, as in the header, found 2; put");
    assertProblem("a,b\n1,2\n3\n", "row 2: expected 2 cells, as in the header, found 1");
    assertProblem("a,b\n1,2\n\"Hi\" she said,3\n", "row 2: text after the closing quote of \"Hi\"");
    assertProblem("a,b\n1,\"2\n3,4\n", "row 1: a quote is opened and not closed");
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
  void rowsEqualThoseOfDuckDb() throws IOException {
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
    List<String> wanted =
        FileQuery.run(
            file,
            query,
            result -> {
              List<String> rows = new ArrayList<>();
              while (result.next()) {
                rows.add(result.getString(1));
              }
              return rows;
            });
    assertThat(rows(file)).isEqualTo(wanted);
  }
}
