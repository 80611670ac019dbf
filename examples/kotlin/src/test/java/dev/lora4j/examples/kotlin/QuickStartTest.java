package dev.lora4j.examples.kotlin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuickStartTest {
  private static final String BASE =
      System.getProperty("lora4j.base", "HuggingFaceTB/SmolLM2-135M-Instruct");

  @Test
  void trainsAndAnswers(@TempDir Path directory) {
    Path adapter = directory.resolve("my-adapter");
    String answer =
        QuickStartKt.fineTuneAndAsk(BASE, Path.of("chats.jsonl"), adapter, "Who are you?");
    assertThat(adapter.resolve("adapter_model.safetensors")).isNotEmptyFile();
    assertThat(answer).isNotBlank();
  }
}
