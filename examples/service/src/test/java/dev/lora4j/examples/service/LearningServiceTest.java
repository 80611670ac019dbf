package dev.lora4j.examples.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

@EnabledIfSystemProperty(
    named = "lora4j.base",
    matches = ".+",
    disabledReason = "needs the directory of a tiny model: -Dlora4j.base=DIR")
class LearningServiceTest {
  private static final String BASE = System.getProperty("lora4j.base");
  // A random model of two small layers learns three sentences by heart at this rate; a real one
  // needs about 2e-4.
  private static final TrainingArguments ARGUMENTS =
      TrainingArguments.of(2e-2).batching(BatchConfig.of(3)).steps(60);

  @Test
  void theAnswerChangesUnderTraffic(@TempDir Path directory) {
    try (LearningService service =
        new LearningService(BASE, directory, ARGUMENTS, Path.of("opening-hours.jsonl"))) {
      assertThat(service.answer("When do you open?")).contains("At nine");

      CompletableFuture<Void> training =
          CompletableFuture.runAsync(() -> service.learn(Path.of("new-hours.jsonl")));
      List<String> answers = new ArrayList<>();
      while (!training.isDone()) {
        answers.add(service.answer("When do you open?"));
      }
      training.join();

      assertThat(answers)
          .isNotEmpty()
          .allMatch(text -> text.contains("At nine") || text.contains("At ten"));
      assertThat(service.answer("When do you open?")).contains("At ten");
    }
  }
}
