package dev.lora4j.langchain4j;

import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Set;

/**
 * A LangChain4j chat model in this process that streams its answers. The {@code modelName} of a
 * request is an adapter, or the base model. Handlers run on threads of the engine, one per request;
 * they may block without delaying other requests.
 */
public final class LoraStreamingChatModel implements StreamingChatModel {
  private final LoraEngine engine;
  private final LoraChatRequestParameters defaults;
  private final List<ChatModelListener> listeners;

  private LoraStreamingChatModel(Builder builder) {
    engine = builder.engine();
    defaults = builder.defaults();
    listeners = builder.listeners();
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * Streams the answer to a request.
   *
   * @throws UnsupportedFeatureException if the request has images; all other failures are passed to
   *     the handler
   */
  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    try {
      EngineCompletion completion = EngineCompletion.submit(engine, request);
      StreamDelivery delivery = new StreamDelivery(completion, handler);
      engine.handle(delivery::run);
    } catch (UnsupportedFeatureException e) {
      throw e;
    } catch (RuntimeException e) {
      LangChain4jException failure = EngineFailure.of(e);
      engine.handle(() -> handler.onError(failure));
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

  /** The settings of a streaming chat model. */
  public static final class Builder extends LoraModelBuilder<Builder> {
    private Builder() {}

    @Override
    Builder self() {
      return this;
    }

    public LoraStreamingChatModel build() {
      return new LoraStreamingChatModel(this);
    }
  }
}
