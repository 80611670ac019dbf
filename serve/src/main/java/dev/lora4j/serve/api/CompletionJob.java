package dev.lora4j.serve.api;

import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.api.PendingCompletion.Event;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.CompletionParser;
import dev.lora4j.serve.engine.GeneratedToken;
import dev.lora4j.serve.engine.GenerationRequest;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.OutputRules;
import dev.lora4j.serve.http.ApiException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The completions of one prompt, and their events in the order in which they happen. */
final class CompletionJob {
  private final List<PendingCompletion> completions = new ArrayList<>();
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final int promptTokens;

  private CompletionJob(int promptTokens) {
    this.promptTokens = promptTokens;
  }

  /**
   * Submits as many completions as the request asks for.
   *
   * @param lease of the adapter, of which each completion has its own until it has been generated
   * @param parameter the request's parameter that holds the prompt
   * @param rules the form of the completions
   */
  static CompletionJob submit(
      InferenceEngine engine,
      AdapterLease lease,
      int[] prompt,
      String parameter,
      SamplingParams sampling,
      OutputRules rules) {
    BatchScheduler scheduler = engine.scheduler();
    long limit = scheduler.maxTokens();
    requireLength(prompt.length, limit, parameter);
    if (sampling.count() > scheduler.maxWaiting()) {
      throw ApiException.invalid(
          "n", "n must be at most %d here".formatted(scheduler.maxWaiting()));
    }
    int wanted = sampling.maxTokens().orElseGet(() -> scheduler.defaultTokens(prompt.length));
    List<Long> ids = Arrays.stream(prompt).asLongStream().boxed().toList();
    Tokenizer tokenizer = lease.format().tokenizer();
    Set<Long> stops = new HashSet<>(engine.model().stopTokens(lease));
    stops.addAll(sampling.stopTokens());
    int least = Math.min(sampling.minTokens(), wanted);
    CompletionJob job = new CompletionJob(prompt.length);
    for (int i = 0; i < sampling.count(); i++) {
      PendingCompletion completion =
          new PendingCompletion(
              i,
              new CompletionParser(tokenizer, stops, sampling.stops(), least, rules),
              stops,
              logProbs(tokenizer, sampling),
              job.events);
      AdapterLease own = lease.again();
      try {
        scheduler.submit(
            new GenerationRequest(
                own,
                ids,
                least,
                wanted,
                stops,
                sampling.choice(i),
                rules.constraint(),
                completion));
      } catch (RuntimeException e) {
        own.close();
        job.cancel();
        throw e;
      }
      job.completions.add(completion);
    }
    return job;
  }

  /** Shows tokens while the adapter, and so its tokenizer, is leased. */
  private static Function<GeneratedToken, Optional<TokenLogProb>> logProbs(
      Tokenizer tokenizer, SamplingParams sampling) {
    return sampling.choice().topLogProbs() < 0
        ? token -> Optional.empty()
        : token -> Optional.of(TokenLogProb.of(tokenizer, token));
  }

  private static void requireLength(int length, long limit, String parameter) {
    if (length == 0) {
      throw ApiException.invalid(parameter, parameter + ": the prompt has no tokens");
    }
    if (length >= limit) {
      throw new ApiException(
          400,
          "invalid_request_error",
          "This model's maximum context length is %d tokens; the prompt has %d tokens."
              .formatted(limit, length),
          parameter,
          "context_length_exceeded");
    }
  }

  int count() {
    return completions.size();
  }

  int promptTokens() {
    return promptTokens;
  }

  /** Waits for the next event; empty if there is none within so many milliseconds. */
  Optional<Event> next(long milliseconds) {
    try {
      return Optional.ofNullable(events.poll(milliseconds, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the server is shutting down", e);
    }
  }

  /** Stops the generation: nobody waits for it any more. */
  void cancel() {
    completions.forEach(PendingCompletion::cancel);
  }
}
