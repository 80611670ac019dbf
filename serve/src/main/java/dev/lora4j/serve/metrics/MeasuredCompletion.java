package dev.lora4j.serve.metrics;

import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationListener;
import java.util.concurrent.TimeUnit;

/** Times a completion on its way to its listener. */
final class MeasuredCompletion implements GenerationListener {
  private final GenerationListener listener;
  private final CompletionMeters meters;
  private final int promptTokens;
  private final long queued = System.nanoTime();
  private long last;
  private boolean started;
  private boolean ended;

  MeasuredCompletion(GenerationListener listener, CompletionMeters meters, int promptTokens) {
    this.listener = listener;
    this.meters = meters;
    this.promptTokens = promptTokens;
  }

  @Override
  public void onStart() {
    meters.queue.record(System.nanoTime() - queued, TimeUnit.NANOSECONDS);
    listener.onStart();
  }

  @Override
  public void onPrefilled(long cachedTokens) {
    meters.promptTokens.increment(promptTokens);
    meters.cachedTokens.increment(cachedTokens);
    listener.onPrefilled(cachedTokens);
  }

  @Override
  public boolean onToken(GeneratedToken token) {
    long now = System.nanoTime();
    if (started) {
      meters.betweenTokens.record(now - last, TimeUnit.NANOSECONDS);
    } else {
      meters.firstToken.record(now - queued, TimeUnit.NANOSECONDS);
    }
    started = true;
    last = now;
    meters.generatedTokens.increment();
    return listener.onToken(token);
  }

  @Override
  public boolean isCancelled() {
    return listener.isCancelled();
  }

  @Override
  public void onEnd(FinishReason reason) {
    end(result(reason));
    listener.onEnd(reason);
  }

  @Override
  public void onFailure(Throwable failure) {
    end("failed");
    listener.onFailure(failure);
  }

  /** A failed completion ends too, after its failure. */
  private void end(String result) {
    if (!ended) {
      ended = true;
      meters.ended(result);
    }
  }

  /** A stop string interrupts a completion, and so does a client that leaves. */
  private String result(FinishReason reason) {
    return switch (reason) {
      case LENGTH, MAX_POSITIONS -> "length";
      case STOP_TOKEN, STOP_STRING, COMPLETE -> "stop";
      case INTERRUPTED -> listener.isCancelled() ? "cancelled" : "stop";
    };
  }
}
