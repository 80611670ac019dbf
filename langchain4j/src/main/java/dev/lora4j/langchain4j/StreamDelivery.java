package dev.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;

/** Passes a completion to the handler of a stream. */
final class StreamDelivery implements AnswerListener, StreamingHandle {
  private static final System.Logger LOG = System.getLogger(StreamDelivery.class.getName());

  private final EngineCompletion completion;
  private final StreamingChatResponseHandler handler;

  StreamDelivery(EngineCompletion completion, StreamingChatResponseHandler handler) {
    this.completion = completion;
    this.handler = handler;
  }

  void run() {
    try {
      completion
          .await(this)
          .ifPresent(response -> guarded(() -> handler.onCompleteResponse(response)));
    } catch (LangChain4jException e) {
      fail(e);
    } catch (InterruptedException e) { // only a handler can have caused it
      completion.cancel();
      Thread.currentThread().interrupt();
      fail(new LangChain4jException("interrupted while streaming", e));
    }
  }

  @Override
  public void onText(String text) {
    guarded(
        () ->
            handler.onPartialResponse(new PartialResponse(text), new PartialResponseContext(this)));
  }

  /** A call is known when it is complete, so its only part has all its arguments. */
  @Override
  public void onCall(int index, ToolExecutionRequest call) {
    PartialToolCall whole =
        PartialToolCall.builder()
            .index(index)
            .id(call.id())
            .name(call.name())
            .partialArguments(call.arguments())
            .build();
    guarded(() -> handler.onPartialToolCall(whole, new PartialToolCallContext(this)));
    guarded(() -> handler.onCompleteToolCall(new CompleteToolCall(index, call)));
  }

  /** The handler's own exceptions go to its {@code onError}; the stream goes on. */
  private void guarded(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void fail(RuntimeException failure) {
    try {
      handler.onError(failure);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "the handler's onError has failed", e);
    }
  }

  @Override
  public void cancel() {
    completion.cancel();
  }

  @Override
  public boolean isCancelled() {
    return completion.isCancelled();
  }
}
