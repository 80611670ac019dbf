package dev.lora4j.langchain4j;

import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Set;

/**
 * A LangChain4j chat model in this process. The {@code modelName} of a request is an adapter, or
 * the base model. It can be used by any number of threads.
 */
public final class LoraChatModel implements ChatModel {
  private final LoraEngine engine;
  private final LoraChatRequestParameters defaults;
  private final List<ChatModelListener> listeners;

  private LoraChatModel(Builder builder) {
    engine = builder.engine();
    defaults = builder.defaults();
    listeners = builder.listeners();
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * Answers a request.
   *
   * @throws LangChain4jException if the request is invalid, the engine's queue is full, or the
   *     thread is interrupted, which stops the generation
   */
  @Override
  public ChatResponse doChat(ChatRequest request) {
    EngineCompletion completion = submit(request);
    try {
      return completion.await(AnswerListener.NONE).orElseThrow();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LangChain4jException("interrupted while waiting for the answer", e);
    } finally {
      completion.cancel(); // no effect if it has ended
    }
  }

  private EngineCompletion submit(ChatRequest request) {
    try {
      return EngineCompletion.submit(engine, request);
    } catch (RuntimeException e) {
      throw EngineFailure.of(e);
    }
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return defaults;
  }

  @Override
  public Set<Capability> supportedCapabilities() {
    return SupportedFeatures.CAPABILITIES;
  }

  @Override
  public List<ChatModelListener> listeners() {
    return listeners;
  }

  /** The settings of a chat model. */
  public static final class Builder extends LoraModelBuilder<Builder> {
    private Builder() {}

    @Override
    Builder self() {
      return this;
    }

    public LoraChatModel build() {
      return new LoraChatModel(this);
    }
  }
}
