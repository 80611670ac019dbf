package dev.lora4j.llm.task.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.task.TextTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskFileTest {
  @TempDir Path directory;

  private Path write(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content);
  }

  private static List<TaskRow> rows(Path file, TextTask task) {
    return TaskExamples.rows(TaskFile.open(file, task, TextData.Options.DEFAULT));
  }

  @Test
  void csvHasTextsAndLabelsAsNames() throws IOException {
    List<TaskRow> rows =
        rows(
            write("a.csv", "text,label\nhello,greeting\n\"a, b\",3\n"),
            TextTask.TEXT_CLASSIFICATION);

    assertThat(rows.get(0).texts()).containsExactly("hello");
    assertThat(rows.get(0).target()).isEqualTo(new RowTarget.Names(List.of("greeting")));
    assertThat(rows.get(1).texts()).containsExactly("a, b");
    assertThat(rows.get(1).target()).isEqualTo(new RowTarget.Names(List.of("3")));
    assertThat(rows.get(1).location()).endsWith("a.csv, row 2");
  }

  @Test
  void wholeNumbersAndFlagsAreLabels() throws IOException {
    Path file =
        write(
            "a.jsonl",
            """
            {"sentence1": "a", "sentence2": "b", "label": 1.0}
            {"sentence1": "a", "sentence2": "b", "label": true}
            """);

    List<TaskRow> rows = rows(file, TextTask.TEXT_CLASSIFICATION);

    assertThat(rows.get(0).texts()).containsExactly("a", "b");
    assertThat(rows.get(0).target()).isEqualTo(new RowTarget.Names(List.of("1")));
    assertThat(rows.get(1).target()).isEqualTo(new RowTarget.Names(List.of("true")));
  }

  @Test
  void severalLabelsAreAListOrSeparated() throws IOException {
    Path file =
        write(
            "a.jsonl",
            """
            {"text": "x", "labels": ["a", "b"]}
            {"text": "y", "labels": "b; c"}
            {"text": "z", "labels": []}
            """);

    List<TaskRow> rows = rows(file, TextTask.MULTI_LABEL);

    assertThat(rows)
        .extracting(TaskRow::target)
        .containsExactly(
            new RowTarget.Names(List.of("a", "b")),
            new RowTarget.Names(List.of("b", "c")),
            new RowTarget.Names(List.of()));
  }

  @Test
  void wordsHaveTags() throws IOException {
    Path file =
        write("a.jsonl", "{\"tokens\":[\"Ada\",\"lives\"],\"ner_tags\":[\"B-PER\",\"O\"]}\n");

    TaskRow row = rows(file, TextTask.TOKEN_CLASSIFICATION).get(0);

    assertThat(row.texts()).containsExactly("Ada", "lives");
    assertThat(row.target()).isEqualTo(new RowTarget.Names(List.of("B-PER", "O")));
  }

  @Test
  void negativesFollowAnchorAndPositive() throws IOException {
    Path file =
        write(
            "a.jsonl",
            "{\"anchor\":\"q\",\"positive\":\"p\",\"negative\":[\"n1\",\"n2\"],\"negative_2\":\"n3\"}\n");

    TaskRow row = rows(file, TextTask.EMBEDDING).get(0);

    assertThat(row.texts()).containsExactly("q", "p", "n1", "n2", "n3");
    assertThat(row.target()).isEqualTo(new RowTarget.None());
  }

  @Test
  void scoredPairsHaveANumber() throws IOException {
    Path file = write("a.tsv", "sentence1\tsentence2\tscore\na\tb\t0.25\n");

    assertThat(rows(file, TextTask.EMBEDDING).get(0).target()).isEqualTo(new RowTarget.Value(0.25));
  }

  @Test
  void aPositiveAndItsNegativesArePassagesOfOneQuery() throws IOException {
    Path file = write("a.csv", "query,positive,negative\nq,p,n\n");

    List<TaskRow> rows = rows(file, TextTask.RERANKING);

    assertThat(rows)
        .extracting(TaskRow::texts)
        .containsExactly(List.of("q", "p"), List.of("q", "n"));
    assertThat(rows)
        .extracting(TaskRow::target)
        .containsExactly(new RowTarget.Value(1), new RowTarget.Value(0));
  }

  @Test
  void columnsAreMapped() throws IOException {
    Path file = write("a.csv", "id,body,queue\n7,hello,sales\n");
    TextData.Options options =
        new TextData.Options(Map.of("text", "body", "label", "queue"), false);

    TaskFile opened = TaskFile.open(file, TextTask.TEXT_CLASSIFICATION, options);

    assertThat(TaskExamples.rows(opened).get(0).texts()).containsExactly("hello");
    assertThat(opened.ignored()).containsExactly("id");
  }

  @Test
  void aMissingLabelNamesTheOptionThatMapsIt() throws IOException {
    Path file = write("a.csv", "text,queue\nhello,sales\n");

    assertThatThrownBy(() -> rows(file, TextTask.TEXT_CLASSIFICATION))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--columns label=queue");
  }

  @Test
  void missingTextsListTheKnownNames() throws IOException {
    Path file = write("a.csv", "body,label\nhello,sales\n");

    assertThatThrownBy(() -> rows(file, TextTask.TEXT_CLASSIFICATION))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("sentence1, sentence2")
        .hasMessageContaining("--columns");
  }

  @Test
  void aNumberThatIsNoneNamesTheRow() throws IOException {
    Path file = write("a.csv", "text,score\nhello,much\n");

    assertThatThrownBy(() -> rows(file, TextTask.TEXT_REGRESSION))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("row 1")
        .hasMessageContaining("expected a number");
  }

  @Test
  void plainTextHasNoColumns() throws IOException {
    Path file = write("a.txt", "hello\n");

    assertThatThrownBy(() -> rows(file, TextTask.TEXT_CLASSIFICATION))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has no columns");
  }
}
