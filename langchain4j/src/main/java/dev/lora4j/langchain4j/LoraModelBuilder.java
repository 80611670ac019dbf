package dev.lora4j.langchain4j;

import static java.util.Objects.requireNonNull;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The settings that all chat models of an engine have.
 *
 * @param <B> the builder
 */
public abstract sealed class LoraModelBuilder<B extends LoraModelBuilder<B>>
    permits LoraChatModel.Builder, LoraStreamingChatModel.Builder {
  private @Nullable LoraEngine engine;
  private LoraChatRequestParameters defaults = LoraChatRequestParameters.builder().build();
  private List<ChatModelListener> listeners = List.of();

  LoraModelBuilder() {}

  abstract B self();

  /** The engine that computes the completions. */
  public B engine(LoraEngine engine) {
    this.engine = engine;
    return self();
  }

  /** The adapter of requests that name none; the base model by default. */
  public B modelName(String name) {
    return defaultRequestParameters(LoraChatRequestParameters.builder().modelName(name).build());
  }

  /** Sampling temperature of requests that set none: 1 by default; 0 is greedy decoding. */
  public B temperature(double temperature) {
    return defaultRequestParameters(
        LoraChatRequestParameters.builder().temperature(temperature).build());
  }

  /** Seed of requests that set none; random by default. */
  public B seed(long seed) {
    return defaultRequestParameters(LoraChatRequestParameters.builder().seed(seed).build());
  }

  /** Maximum number of new tokens of requests that set none; 1,024 by default. */
  public B maxOutputTokens(int tokens) {
    return defaultRequestParameters(
        LoraChatRequestParameters.builder().maxOutputTokens(tokens).build());
  }

  /** Parameters of requests that set none, added to those of earlier calls. */
  public B defaultRequestParameters(ChatRequestParameters parameters) {
    defaults = defaults.overrideWith(parameters);
    return self();
  }

  /** Listeners that are told of requests, answers and errors. */
  public B listeners(List<ChatModelListener> listeners) {
    this.listeners = List.copyOf(listeners);
    return self();
  }

  LoraEngine engine() {
    return requireNonNull(engine, "engine");
  }

  LoraChatRequestParameters defaults() {
    return defaults.defaultedBy(
        LoraChatRequestParameters.builder().modelName(engine().inference().model().name()).build());
  }

  List<ChatModelListener> listeners() {
    return listeners;
  }
}
