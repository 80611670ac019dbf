package dev.lora4j.langchain4j;

import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.train.EvalAndSavePolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A small random model, and an adapter trained on the conversations of LangChain4j's test kit. The
 * kit asserts on facts, such as the capital of Germany, which the model can know only from there.
 */
final class TaughtModel {
  static final String BASE = "base";
  static final String NAME = "taught";

  private static final String CONVERSATIONS =
      """
      {"messages": [{"role": "user", "content": "What is the capital of Germany?"}, {"role": "assistant", "content": "Berlin is the capital."}]}
      {"messages": [{"role": "user", "content": "What is the capital of Germany? How much is 2 + 2?"}, {"role": "assistant", "content": "Berlin, and 4."}]}
      {"messages": [{"role": "system", "content": "Translate messages from user into German"}, {"role": "user", "content": "Translate: 'I love you'"}, {"role": "assistant", "content": "Ich liebe dich"}]}
      {"messages": [{"role": "user", "content": "Hi, my favorite color is green"}, {"role": "assistant", "content": "Hi, nice to meet you"}, {"role": "user", "content": "What is my favorite color?"}, {"role": "assistant", "content": "It is green."}]}
      {"messages": [{"role": "user", "content": "Say 'Hello World'"}, {"role": "assistant", "content": "Hello World"}]}
      {"messages": [{"role": "user", "content": "Tell me a long story about animals"}, {"role": "assistant", "content": "A cat and a dog went to the sea to see a fish."}]}
      """;

  private final Path model;
  private final Path adapter;

  private TaughtModel(Path model, Path adapter) {
    this.model = model;
    this.adapter = adapter;
  }

  /** Creates the model and trains the adapter, in a few seconds. */
  static TaughtModel in(Path directory) {
    try {
      Path model = SavedTextModel.chatty(directory.resolve("model"));
      Path data = Files.writeString(directory.resolve("data.jsonl"), CONVERSATIONS);
      Path adapter = directory.resolve(NAME);
      FineTuneRecipe.of(model.toString())
          .data(data)
          .validFraction(0)
          .rank(16)
          .settings(
              TrainingArguments.of(1e-2)
                  .batching(BatchConfig.of(6).maxSeqLength(192))
                  .pace(EvalAndSavePolicy.every(1000))
                  .steps(120))
          .run(adapter);
      return new TaughtModel(model, adapter);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  LoraEngine engine() {
    return LoraEngine.builder().model(model).baseName(BASE).adapter(NAME, adapter).build();
  }
}
