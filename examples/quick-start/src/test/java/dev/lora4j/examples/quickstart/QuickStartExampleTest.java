package dev.lora4j.examples.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

@EnabledIfSystemProperty(
    named = "lora4j.base",
    matches = ".+",
    disabledReason = "needs the directory of a small model: -Dlora4j.base=DIR")
class QuickStartExampleTest {
  private static final String BASE = System.getProperty("lora4j.base");

  @Test
  void trainsAndAnswers(@TempDir Path directory) {
    Path adapter = directory.resolve("my-adapter");
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    PrintStream console = System.out;
    System.setOut(new PrintStream(answer, true));
    try {
      QuickStart.main(new String[] {BASE, "chats.jsonl", adapter.toString()});
    } finally {
      System.setOut(console);
    }
    assertThat(adapter.resolve("adapter_model.safetensors")).isNotEmptyFile();
    assertThat(answer.toString()).isNotBlank();
  }
}
