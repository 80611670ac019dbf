package dev.lora4j.langchain4j;

import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;

/** Passes a completion to the handler of a stream. */
final class StreamDelivery implements StreamingHandle {
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
          .await(this::deliver)
          .ifPresent(response -> guarded(() -> handler.onCompleteResponse(response)));
    } catch (LangChain4jException e) {
      fail(e);
    } catch (InterruptedException e) { // only a handler can have caused it
      completion.cancel();
      Thread.currentThread().interrupt();
      fail(new LangChain4jException("interrupted while streaming", e));
    }
  }

  private void deliver(String text) {
    guarded(
        () ->
            handler.onPartialResponse(new PartialResponse(text), new PartialResponseContext(this)));
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
