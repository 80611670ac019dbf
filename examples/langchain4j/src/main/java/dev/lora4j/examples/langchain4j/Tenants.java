package dev.lora4j.examples.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.lora4j.langchain4j.LoraChatModel;
import dev.lora4j.langchain4j.LoraEngine;
import java.nio.file.Path;

/**
 * A chat model for each tenant, each with an adapter of its own. All share one base model in this
 * process, and requests of different tenants share one batch.
 */
public final class Tenants implements AutoCloseable {
  private final LoraEngine engine;

  /**
   * @param base a Hub name or a directory
   * @param adapters a folder with an adapter for each tenant, loaded at its first request
   */
  public Tenants(String base, Path adapters) {
    engine = LoraEngine.builder().model(base).adapters(adapters).build();
  }

  /** Any LangChain4j code takes this model: AI services, RAG, agents. */
  public ChatModel of(String tenant) {
    return LoraChatModel.builder()
        .engine(engine)
        .modelName(tenant)
        .temperature(0.0)
        .maxOutputTokens(48)
        .build();
  }

  @Override
  public void close() {
    engine.close();
  }
}
