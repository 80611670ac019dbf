package dev.lora4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.CompletionText;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import dev.lora4j.serve.engine.GenerationRequest;
import dev.lora4j.serve.engine.InferenceEngine;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** A completion on its way from the engine's thread to that of the request. */
final class EngineCompletion implements GenerationListener {
  /** New tokens of a request that gives no maximum: memory is reserved for all of them. */
  private static final int DEFAULT_TOKENS = 1024;

  /** Something that happened to the completion. */
  private sealed interface Event {}

  private record Text(String text) implements Event {}

  private record End(dev.lora4j.llm.generate.FinishReason reason, int tokens) implements Event {}

  private record Cancelled() implements Event {}

  private record Failed(Throwable cause) implements Event {}

  private final String model;
  private final int promptTokens;
  private final CompletionText text;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final StringBuilder answer = new StringBuilder();
  private volatile boolean cancelled;
  private int tokens; // of the engine's thread

  private EngineCompletion(String model, int promptTokens, CompletionText text) {
    this.model = model;
    this.promptTokens = promptTokens;
    this.text = text;
  }

  /** Submits a request to the engine. */
  static EngineCompletion submit(InferenceEngine engine, ChatRequest request) {
    RequestedSampling sampling = RequestedSampling.of(request.parameters());
    String model = request.parameters().modelName();
    AdapterLease lease = engine.model().lease(model);
    try {
      int[] prompt = lease.format().prompt(PromptMessages.of(request.messages()));
      Set<Long> stops = engine.model().stopTokens(lease);
      EngineCompletion completion =
          new EngineCompletion(
              model,
              prompt.length,
              new CompletionText(lease.format().tokenizer(), stops, sampling.stops()));
      List<Long> ids = Arrays.stream(prompt).asLongStream().boxed().toList();
      int most = maxTokens(engine.scheduler(), prompt.length, sampling);
      engine
          .scheduler()
          .submit(
              new GenerationRequest(
                  lease, ids, most, stops, sampling.choice(), Optional.empty(), completion));
      return completion;
    } catch (RuntimeException e) {
      lease.close();
      throw e;
    }
  }

  private static int maxTokens(BatchScheduler scheduler, int prompt, RequestedSampling sampling) {
    long room = scheduler.maxTokens() - prompt;
    if (prompt == 0 || room <= 0) {
      throw new UserError(
          "the context has at most %d tokens; the prompt has %d"
              .formatted(scheduler.maxTokens(), prompt));
    }
    return sampling.maxTokens().orElse((int) Math.min(DEFAULT_TOKENS, room));
  }

  // ---- the engine's thread ----

  @Override
  public boolean onToken(GeneratedToken token) {
    tokens++;
    events.add(new Text(text.add(token.id())));
    return !cancelled && !text.isStopped();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void onEnd(dev.lora4j.llm.generate.FinishReason reason) {
    events.add(new Text(text.finish()));
    events.add(new End(reason, tokens));
  }

  @Override
  public void onFailure(Throwable failure) {
    events.add(new Failed(failure));
  }

  // ---- the request's thread ----

  /** Stops the generation. */
  void cancel() {
    cancelled = true;
    events.add(new Cancelled()); // wakes await
  }

  /**
   * Waits for the completion.
   *
   * @param onText receives the text as it becomes final; parts are never empty
   * @return the answer; empty if the completion has been cancelled
   */
  Optional<ChatResponse> await(Consumer<String> onText) throws InterruptedException {
    while (!cancelled) {
      Event event = events.take();
      if (event instanceof Text part && !part.text().isEmpty()) {
        answer.append(part.text());
        onText.accept(part.text());
      } else if (event instanceof End end) {
        return Optional.of(response(end));
      } else if (event instanceof Failed failed) {
        throw EngineFailure.of(failed.cause());
      }
    }
    return Optional.empty();
  }

  private ChatResponse response(End end) {
    return ChatResponse.builder()
        .aiMessage(AiMessage.from(answer.toString()))
        .id("chatcmpl-" + UUID.randomUUID().toString().replace("-", ""))
        .modelName(model)
        .tokenUsage(new TokenUsage(promptTokens, end.tokens()))
        .finishReason(finishReason(end.reason()))
        .build();
  }

  private static FinishReason finishReason(dev.lora4j.llm.generate.FinishReason reason) {
    return switch (reason) {
      case LENGTH, MAX_POSITIONS -> FinishReason.LENGTH;
      // The listener interrupts the generation at a stop string.
      case STOP_TOKEN, STOP_STRING, COMPLETE, INTERRUPTED -> FinishReason.STOP;
    };
  }
}
