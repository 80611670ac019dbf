package dev.lora4j.examples.classifier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.task.predict.Prediction;
import dev.lora4j.llm.task.predict.TextClassifier.Request;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

@EnabledIfSystemProperty(
    named = "lora4j.base",
    matches = ".+",
    disabledReason = "needs the directory of a tiny model: -Dlora4j.base=DIR")
class TenantClassifiersTest {
  private static final String BASE = System.getProperty("lora4j.base");
  private static final TrainingArguments ARGUMENTS =
      TrainingArguments.of(1e-2).batching(BatchConfig.of(8)).steps(25);

  @Test
  void oneBatchHasTheLabelsOfBothTenants(@TempDir Path adapters) {
    try (TenantClassifiers classifiers = new TenantClassifiers(BASE, adapters)) {
      classifiers.train("acme", Path.of("acme.csv"), ARGUMENTS);
      classifiers.train("globex", Path.of("globex.csv"), ARGUMENTS);

      List<Prediction> predictions =
          classifiers.classify(
              List.of(
                  Request.of("acme", "My card was charged twice"),
                  Request.of("globex", "A waste of time"),
                  Request.of("acme", "The parcel never came")));

      assertThat(predictions)
          .extracting(Prediction::label)
          .containsExactly("billing", "complaint", "delivery");
    }
  }
}
