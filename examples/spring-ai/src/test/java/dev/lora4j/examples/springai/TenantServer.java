package dev.lora4j.examples.springai;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.serve.LoraServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A server with an adapter for each tenant, trained on a tiny model in a few seconds. */
final class TenantServer {
  private static final String BASE = System.getProperty("lora4j.base");

  private TenantServer() {}

  static LoraServer start(Path adapters) {
    train("formal", "Dear Sir or Madam, it is my pleasure to be of service.", adapters);
    train("pirate", "Arr, matey! That be a fine question.", adapters);
    return LoraServer.builder().model("base", Path.of(BASE)).adapters(adapters).port(0).start();
  }

  private static void train(String tenant, String answer, Path adapters) {
    Path data = conversation(adapters.resolve("." + tenant + ".jsonl"), answer);
    // A rate for a random model of two small layers; a real one needs about 2e-4.
    TrainingArguments arguments = TrainingArguments.of(2e-2).batching(BatchConfig.of(1)).steps(50);
    FineTuneRecipe.of(BASE)
        .data(data)
        .validFraction(0)
        .rank(16)
        .workers(1) // quicker than two threads for so small a model
        .settings(arguments)
        .run(adapters.resolve(tenant));
  }

  private static Path conversation(Path file, String answer) {
    String row =
        """
        {"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "%s"}]}
        """
            .formatted(answer);
    try {
      return Files.writeString(file, row);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
