package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.tables.ParquetRows;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code lora embed} on a small BERT of sentence-transformers. */
class EmbedCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODEL = "../llm/src/test/resources/fixtures/embedding/bert";

  @TempDir Path directory;

  private Path file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve(name), content);
  }

  private static CommandLineRun embed(String... more) {
    List<String> arguments = new ArrayList<>(List.of("embed", "--model", MODEL));
    arguments.addAll(List.of(more));
    return CommandLineRun.of(arguments.toArray(String[]::new));
  }

  private static List<JsonNode> lines(String text) {
    return text.lines()
        .map(
            line -> {
              try {
                return JSON.readTree(line);
              } catch (IOException e) {
                throw new IllegalStateException(line, e);
              }
            })
        .toList();
  }

  @Test
  void jsonPrintsALineForEachTextInItsOrder() throws IOException {
    Path data = file("t.jsonl", "{\"id\": 7, \"text\": \"a fox\"}\n{\"id\": 8, \"text\": \"\"}\n");

    CommandLineRun ofFile = embed("--data", data.toString(), "--json");
    CommandLineRun ofArguments = embed("--json", "a fox");

    assertThat(ofFile.status()).isZero();
    List<JsonNode> rows = lines(ofFile.out());
    assertThat(rows).hasSize(2);
    assertThat(rows.get(0).path("id").asInt()).isEqualTo(7);
    assertThat(rows.get(1).path("embedding").size()).isEqualTo(24);
    JsonNode alone = lines(ofArguments.out()).get(0).path("embedding");
    assertThat(alone.get(3).asDouble())
        .isCloseTo(rows.get(0).path("embedding").get(3).asDouble(), within(1e-5));
    assertThat(ofFile.err()).contains("embed: 2 texts");
  }

  @Test
  void jsonlParquetAndNpyHoldTheSameEmbeddings() throws IOException {
    Path data = file("t.csv", "when,body,n\n2024-05-06,a fox,1\n2024-05-07,the dog,2.5\n");
    List<JsonNode> printed =
        lines(embed("--data", data.toString(), "--columns", "text=body", "--json").out());

    for (String name : List.of("e.jsonl", "e.parquet", "e.npy")) {
      CommandLineRun run =
          embed(
              "--data",
              data.toString(),
              "--columns",
              "text=body",
              "--output",
              directory.resolve(name).toString());
      assertThat(run.status()).as(run.err()).isZero();
      assertThat(run.out()).contains("Wrote 2 embeddings of 24 dimensions");
    }

    assertThat(lines(Files.readString(directory.resolve("e.jsonl")))).isEqualTo(printed);
    List<String> parquet = new ArrayList<>();
    new ParquetRows().read(directory.resolve("e.parquet"), (number, json) -> parquet.add(json));
    JsonNode second = JSON.readTree(parquet.get(1));
    assertThat(second.path("when").asText()).isEqualTo("2024-05-07");
    assertThat(second.path("embedding").get(23).floatValue())
        .isEqualTo(printed.get(1).path("embedding").get(23).floatValue());
    ByteBuffer npy =
        ByteBuffer.wrap(Files.readAllBytes(directory.resolve("e.npy")))
            .order(ByteOrder.LITTLE_ENDIAN);
    assertThat(npy.limit()).isEqualTo(128 + 2 * 24 * 4);
    assertThat(new String(npy.array(), 10, 70, StandardCharsets.US_ASCII))
        .startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 24), }");
    assertThat(npy.getFloat(128 + 4 * 24))
        .isEqualTo(printed.get(1).path("embedding").get(0).floatValue());
  }

  @Test
  void anAdapterAndAPromptChangeTheEmbedding() {
    String plain = embed("--json", "France?").out();
    String adapted = embed("--json", "--adapter", MODEL + "/adapter", "France?").out();
    String prompted = embed("--json", "--prompt-name", "query", "France?").out();
    String spelledOut = embed("--json", "--prompt", "What is ", "France?").out();

    assertThat(adapted).isNotEqualTo(plain);
    assertThat(prompted).isNotEqualTo(plain).isEqualTo(spelledOut);
  }

  @Test
  void eachLineOfATextFileIsAText() throws IOException {
    Path data = file("t.txt", "a fox\nthe dog\n");

    assertThat(lines(embed("--data", data.toString(), "--json").out())).hasSize(2);
  }

  @Test
  void truncatedTextsAreCounted() {
    CommandLineRun run = embed("--json", "a ".repeat(40), "a");

    assertThat(run.err()).contains("1 of 2 texts were truncated to 16 tokens");
  }

  @Test
  void mistakesAreNamedWithARemedy() throws IOException {
    Path data = file("t.jsonl", "{\"a\": \"x\", \"b\": \"y\"}\n");
    Path number = file("n.jsonl", "{\"text\": \"x\"}\n{\"text\": 5}\n");
    String rows = data.toString();

    refused(embed("--data", rows), "--output");
    refused(embed("--json"), "--data FILE");
    refused(embed("--data", rows, "--json"), "--columns text=COLUMN");
    refused(embed("--data", rows, "--json", "--columns", "text=c"), "no column 'c'");
    refused(embed("--data", number.toString(), "--json"), "row 2");
    refused(embed("--data", rows, "--output", "x.npz"), "did you mean npy");
    refused(embed("--json", "--prompt-name", "qery", "a"), "did you mean query");
    refused(embed("--json", "--dimensions", "25", "a"), "1 to 24");
  }

  private static void refused(CommandLineRun run, String message) {
    assertThat(run.status()).as(run.out() + run.err()).isEqualTo(2);
    assertThat(run.err()).contains(message);
  }
}
