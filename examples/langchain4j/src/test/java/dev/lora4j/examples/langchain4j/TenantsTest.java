package dev.lora4j.examples.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

@EnabledIfSystemProperty(
    named = "lora4j.base",
    matches = ".+",
    disabledReason = "needs the directory of a tiny model: -Dlora4j.base=DIR")
class TenantsTest {
  private static final String BASE = System.getProperty("lora4j.base");

  @Test
  void eachTenantGetsTheAnswersOfItsAdapter(@TempDir Path adapters) {
    train("formal", adapters);
    train("pirate", adapters);
    try (Tenants tenants = new Tenants(BASE, adapters)) {
      assertThat(tenants.of("formal").chat("Who are you?")).contains("Good day, Sir.");
      assertThat(tenants.of("pirate").chat("Who are you?")).contains("Arr, matey!");
    }
  }

  private static void train(String tenant, Path adapters) {
    // A rate for a random model of two small layers; a real one needs about 2e-4.
    TrainingArguments arguments = TrainingArguments.of(2e-2).batching(BatchConfig.of(3)).steps(50);
    FineTuneRecipe.of(BASE)
        .data(Path.of(tenant + ".jsonl"))
        .validFraction(0)
        .rank(16)
        .settings(arguments)
        .run(adapters.resolve(tenant));
  }
}
