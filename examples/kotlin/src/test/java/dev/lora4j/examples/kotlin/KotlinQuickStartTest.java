package dev.lora4j.examples.kotlin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

@EnabledIfSystemProperty(
    named = "lora4j.base",
    matches = ".+",
    disabledReason = "needs the directory of a small model: -Dlora4j.base=DIR")
class KotlinQuickStartTest {
  private static final String BASE = System.getProperty("lora4j.base");

  @Test
  void trainsAndAnswers(@TempDir Path directory) {
    Path adapter = directory.resolve("my-adapter");
    String answer =
        QuickStartKt.fineTuneAndAsk(BASE, Path.of("chats.jsonl"), adapter, "Who are you?");
    assertThat(adapter.resolve("adapter_model.safetensors")).isNotEmptyFile();
    assertThat(answer).isNotBlank();
  }
}
