package dev.lora4j.cli.options;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads YAML recipes that Jazzer generates. Each is read, or refused with a reason. A build reads
 * only the files in {@code RecipeFuzzTestInputs}; {@code tools/fuzz recipe} searches for more.
 */
class RecipeFuzzTest {
  private static final List<String> KEYS =
      List.of("model", "data", "rank", "targets", "learning-rate");

  @FuzzTest(maxDuration = "1h")
  void recipe(byte[] yaml) throws IOException {
    Path file = Files.createTempFile("recipe", ".yaml");
    try {
      Files.write(file, yaml);
      assertThat(ConfigFile.read(file, KEYS)).isNotNull();
    } catch (CorruptFile | UserError refused) {
      assertThat(refused.getMessage()).isNotBlank();
    } finally {
      Files.delete(file);
    }
  }
}
