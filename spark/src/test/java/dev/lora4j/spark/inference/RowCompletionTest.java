package dev.lora4j.spark.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.engine.CompletionParser;
import dev.lora4j.serve.engine.OutputRules;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.apache.spark.TaskKilledException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class RowCompletionTest {
  @Test
  @Timeout(60)
  void anInterruptedTaskDoesNotWait(@TempDir Path directory) {
    Path model = SavedTextModel.chatty(directory.resolve("model"));
    try (Tokenizer tokenizer = Tokenizer.load(model)) {
      RowCompletion completion =
          new RowCompletion(new CompletionParser(tokenizer, Set.of(), List.of(), OutputRules.ANY));
      Thread.currentThread().interrupt();

      assertThatThrownBy(completion::await).isInstanceOf(TaskKilledException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }
}
