package dev.lora4j.llm.dataset.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.DataRow;
import dev.lora4j.llm.dataset.Sample;
import dev.lora4j.llm.dataset.TextData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitsTest {
  private static final String SPLITS =
      "{\"version\": 2, \"test\": [{\"text\": \"t\"}],\n\"validation\": [{\"text\": \"v\"},"
          + " {\"text\": 3}], \"train\": [{\"text\": \"a\"}, {\"text\": \"b\"}], \"dev\": []}";

  private final Path directory;

  SplitsTest(@TempDir Path directory) {
    this.directory = directory;
  }

  private TextData open(String name, String content) throws IOException {
    return TextData.open(Files.writeString(directory.resolve(name), content));
  }

  private static List<Sample> samples(TextData data) {
    return data.rows().stream().map(DataRow::sample).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a.json", "a.jsonl"})
  void trainingSplitIsRead(String name) throws IOException {
    TextData data = open(name, SPLITS);
    assertThat(data.splits().names()).containsExactly("test", "validation", "train");
    assertThat(data.name()).endsWith(name + ", split train (of test, validation, train)");
    assertThat(samples(data)).containsExactly(new Sample.Text("a"), new Sample.Text("b"));
    assertThat(samples(data.evaluation())).containsExactly(new Sample.Text("t"));
    TextData validation = data.validation().orElseThrow();
    assertThatThrownBy(validation::rows)
        .isInstanceOf(UserError.class)
        .hasMessageContaining(name + ", split validation, row 2: text: expected a text");
  }

  @Test
  void testSplitIsTheValidationOfAFileWithoutOne() throws IOException {
    TextData data =
        open("a.json", "{\"train\": [{\"text\": \"a\"}], \"test\": [{\"text\": \"t\"}]}");
    assertThat(samples(data.validation().orElseThrow())).containsExactly(new Sample.Text("t"));
  }

  @Test
  void singleListHasNoOtherSplit() throws IOException {
    for (String name : List.of("data", "train", "test")) {
      TextData data = open("a.json", "{\"" + name + "\": [{\"text\": \"a\"}]}");
      assertThat(data.name()).isEqualTo(data.file().toString());
      assertThat(samples(data)).containsExactly(new Sample.Text("a"));
      assertThat(data.validation()).isEmpty();
      assertThat(data.evaluation().rows()).hasSize(1);
    }
    assertThatThrownBy(() -> open("a.json", "{\"train\": [], \"test\": []}"))
        .hasMessageContaining("no rows");
  }

  @Test
  void listsOfARowAreNotSplits() throws IOException {
    TextData data = open("a.jsonl", "{\"text\": \"a\", \"test\": [{\"x\": 1}], \"dev\": []}\n");
    assertThat(data.splits().names()).isEmpty();
    assertThat(samples(data)).containsExactly(new Sample.Text("a"));
  }

  @Test
  void objectsMayBreakTheirLinesAnywhere() throws IOException {
    String row = "{\"text\": \"a\",\n\"id\": 1}";
    assertThat(samples(open("a.jsonl", row + "\n" + row))).hasSize(2);
    assertThat(samples(open("a.jsonl", row + row))).hasSize(2);
  }
}
