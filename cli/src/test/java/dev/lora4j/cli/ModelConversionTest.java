package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.io.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelConversionTest {
  private final Path directory;

  ModelConversionTest(@TempDir Path directory) {
    this.directory = directory;
  }

  @Test
  void fileWithoutAModelIsRefused() {
    Path empty = directory.resolve("empty.gguf");
    GgufWriter.write(empty, Map.of(), Map.of());
    assertMistake("general.architecture: expected a name, found nothing", empty.toString(), "out");
  }

  @Test
  void optionThatDoesNotApplyIsRefused() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{}");
    assertMistake("unknown data type 'q3'", directory.toString(), "out.gguf", "--dtype", "q3");
    assertMistake("--to and --model apply to adapters", directory.toString(), "o", "--to", "mlx");
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
