package dev.lora4j.examples.springai;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.serve.LoraServer;
import java.nio.file.Path;

/** A server with the two adapters of the README, trained on a tiny model in a few seconds. */
final class TenantServer {
  private static final String BASE = System.getProperty("lora4j.base");

  private TenantServer() {}

  static LoraServer start(Path adapters) {
    train("formal", adapters);
    train("pirate", adapters);
    return LoraServer.builder().model("base", Path.of(BASE)).adapters(adapters).port(0).start();
  }

  private static void train(String tenant, Path adapters) {
    // A rate for a random model of two small layers; a real one needs about 2e-4.
    TrainingArguments arguments =
        TrainingArguments.of(1e-2).batching(BatchConfig.of(4)).steps(60);
    FineTuneRecipe.of(BASE)
        .data(Path.of(tenant + ".jsonl"))
        .validFraction(0)
        .rank(16)
        .settings(arguments)
        .run(adapters.resolve(tenant));
  }
}
