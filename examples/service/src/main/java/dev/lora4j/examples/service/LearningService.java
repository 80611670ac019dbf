package dev.lora4j.examples.service;

import dev.langchain4j.model.chat.ChatModel;
import dev.lora4j.langchain4j.LoraChatModel;
import dev.lora4j.langchain4j.LoraEngine;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.TrainingArguments;
import java.nio.file.Path;

/**
 * Answers questions with an adapter, and replaces the adapter by one that is trained on new
 * conversations. Answers in progress finish with the adapter that they began with; no request waits
 * or fails because of the change.
 */
public final class LearningService implements AutoCloseable {
  private static final String NAME = "service";

  private final String base;
  private final Path versions;
  private final TrainingArguments arguments;
  private final LoraEngine engine;
  private final ChatModel chat;
  private int version;

  /**
   * @param base a Hub name or a directory
   * @param versions gets a directory for each trained adapter
   * @param arguments of each training
   * @param conversations for the first adapter, as for {@link #learn}
   */
  public LearningService(
      String base, Path versions, TrainingArguments arguments, Path conversations) {
    this.base = base;
    this.versions = versions;
    this.arguments = arguments;
    engine = LoraEngine.builder().model(base).adapter(NAME, train(conversations)).build();
    chat =
        LoraChatModel.builder()
            .engine(engine)
            .modelName(NAME)
            .temperature(0.0)
            .maxOutputTokens(32)
            .build();
  }

  /** May be called by any number of threads; their requests share a batch. */
  public String answer(String question) {
    return chat.chat(question);
  }

  /** Trains a new adapter beside the traffic and answers with it from then on. */
  public synchronized void learn(Path conversations) {
    engine.load(NAME, train(conversations));
  }

  private Path train(Path conversations) {
    Path adapter = versions.resolve("version-" + ++version);
    FineTuneRecipe.of(base)
        .data(conversations)
        .validFraction(0)
        .rank(16)
        .settings(arguments)
        .run(adapter);
    return adapter;
  }

  @Override
  public void close() {
    engine.close();
  }
}
