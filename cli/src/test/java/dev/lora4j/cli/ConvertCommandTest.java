package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.io.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvertCommandTest {
  private final Path directory;

  ConvertCommandTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void aFileThatHoldsNoModelIsAMistake() {
    Path empty = directory.resolve("empty.gguf");
    GgufWriter.write(empty, Map.of(), Map.of());
    assertMistake("general.architecture: expected a name, found nothing", empty.toString(), "out");
  }

  @Test
  void whatIsNotThereOrOfNoKnownKindIsAMistake() throws IOException {
    Path none = directory.resolve("none.gguf");
    assertMistake("there is no " + none, none.toString(), directory.resolve("out").toString());
    Path text = Files.writeString(directory.resolve("text"), "text");
    assertMistake("is no GGUF file, and", text.toString(), directory.resolve("out").toString());
    assertMistake("there is no", directory.toString(), directory.resolve("out.gguf").toString());
    assertMistake("no format 'q3'", directory.toString(), "out.gguf", "--dtype", "q3");
  }

  private static void assertMistake(String message, String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "convert";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    CommandLineRun run = CommandLineRun.of(all);
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
  }
}
