package dev.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import dev.lora4j.UserError;
import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tool.ToolCall;
import dev.lora4j.llm.tool.ToolCallFormat;
import dev.lora4j.llm.tool.ToolCallParser.Parsed;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.CompletionParser;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import dev.lora4j.serve.engine.GenerationRequest;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.OutputRules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A completion on its way from the engine's thread to that of the request. */
final class EngineCompletion implements GenerationListener {
  /** Something that happened to the completion. */
  private sealed interface Event {}

  private record Part(Parsed parsed) implements Event {}

  private record End(dev.lora4j.llm.generate.FinishReason reason, int tokens) implements Event {}

  private record Cancelled() implements Event {}

  private record Failed(Throwable cause) implements Event {}

  private final String model;
  private final int promptTokens;
  private final Optional<ToolCallFormat> toolCalls;
  private final CompletionParser parser;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final StringBuilder answer = new StringBuilder();
  private final List<ToolExecutionRequest> calls = new ArrayList<>();
  private volatile boolean cancelled;
  private int tokens; // of the engine's thread

  private EngineCompletion(
      String model, int promptTokens, CompletionParser parser, Optional<ToolCallFormat> toolCalls) {
    this.model = model;
    this.promptTokens = promptTokens;
    this.parser = parser;
    this.toolCalls = toolCalls;
  }

  /** Submits a request to the engine. */
  static EngineCompletion submit(LoraEngine lora, ChatRequest request) {
    InferenceEngine engine = lora.inference();
    RequestedSampling sampling = RequestedSampling.of(request.parameters());
    RequestedOutput output = RequestedOutput.of(request.parameters());
    String model = request.parameters().modelName();
    AdapterLease lease = engine.model().lease(model);
    try {
      ChatFormat chat = lease.format();
      OutputRules rules = output.rules(chat, lora.constraints());
      int[] prompt = prompt(chat, output, PromptMessages.of(request.messages()));
      Set<Long> stops = engine.model().stopTokens(lease);
      EngineCompletion completion =
          new EngineCompletion(
              model,
              prompt.length,
              new CompletionParser(chat.tokenizer(), stops, sampling.stops(), rules),
              rules.toolCalls());
      List<Long> ids = Arrays.stream(prompt).asLongStream().boxed().toList();
      int most = maxTokens(engine.scheduler(), prompt.length, sampling);
      engine
          .scheduler()
          .submit(
              new GenerationRequest(
                  lease, ids, most, stops, sampling.choice(), rules.constraint(), completion));
      return completion;
    } catch (RuntimeException e) {
      lease.close();
      throw e;
    }
  }

  private static int[] prompt(ChatFormat chat, RequestedOutput output, List<Message> messages) {
    return output
        .tools()
        .map(tools -> chat.prompt(messages, tools.templateTools()))
        .orElseGet(() -> chat.prompt(messages));
  }

  private static int maxTokens(BatchScheduler scheduler, int prompt, RequestedSampling sampling) {
    long room = scheduler.maxTokens() - prompt;
    if (prompt == 0 || room <= 0) {
      throw new UserError(
          "the context has at most %d tokens; the prompt has %d"
              .formatted(scheduler.maxTokens(), prompt));
    }
    return sampling.maxTokens().orElseGet(() -> scheduler.defaultTokens(prompt));
  }

  // ---- the engine's thread ----

  @Override
  public boolean onToken(GeneratedToken token) {
    tokens++;
    events.add(new Part(parser.add(token.id())));
    return !cancelled && !parser.isComplete();
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void onEnd(dev.lora4j.llm.generate.FinishReason reason) {
    events.add(new Part(parser.finish()));
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
   * @param listener receives text and tool calls as they become final
   * @return the answer; empty if the completion has been cancelled
   */
  Optional<ChatResponse> await(AnswerListener listener) throws InterruptedException {
    while (!cancelled) {
      Event event = events.take();
      if (event instanceof Part part) {
        deliver(part.parsed(), listener);
      } else if (event instanceof End end) {
        return Optional.of(response(end));
      } else if (event instanceof Failed failed) {
        throw EngineFailure.of(failed.cause());
      }
    }
    return Optional.empty();
  }

  private void deliver(Parsed part, AnswerListener listener) {
    if (!part.text().isEmpty()) {
      answer.append(part.text());
      listener.onText(part.text());
    }
    for (ToolCall call : part.calls()) {
      ToolExecutionRequest request = request(call);
      calls.add(request);
      listener.onCall(calls.size() - 1, request);
    }
  }

  private ToolExecutionRequest request(ToolCall call) {
    return ToolExecutionRequest.builder()
        .id(toolCalls.orElseThrow().newCallId())
        .name(call.name())
        .arguments(call.arguments())
        .build();
  }

  private AiMessage message() {
    AiMessage.Builder message = AiMessage.builder().toolExecutionRequests(calls);
    return calls.isEmpty() || !answer.isEmpty()
        ? message.text(answer.toString()).build()
        : message.build();
  }

  private ChatResponse response(End end) {
    return ChatResponse.builder()
        .aiMessage(message())
        .id("chatcmpl-" + UUID.randomUUID().toString().replace("-", ""))
        .modelName(model)
        .tokenUsage(new TokenUsage(promptTokens, end.tokens()))
        .finishReason(finishReason(end.reason(), !calls.isEmpty()))
        .build();
  }

  private static FinishReason finishReason(
      dev.lora4j.llm.generate.FinishReason reason, boolean called) {
    return switch (reason) {
      case LENGTH, MAX_POSITIONS -> FinishReason.LENGTH;
      // The listener interrupts the generation at a stop string.
      case STOP_TOKEN, STOP_STRING, COMPLETE, INTERRUPTED ->
          called ? FinishReason.TOOL_EXECUTION : FinishReason.STOP;
    };
  }
}
