package dev.lora4j.serve.api;

import dev.lora4j.llm.chat.CompletionText;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.engine.AdapterLease;
import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.GenerationRequest;
import dev.lora4j.serve.engine.ServedModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The completions of one prompt, submitted to the scheduler. */
final class CompletionJob {
  private final List<PendingCompletion> completions = new ArrayList<>();
  private final int promptTokens;
  private final Tokenizer tokenizer;

  private CompletionJob(int promptTokens, Tokenizer tokenizer) {
    this.promptTokens = promptTokens;
    this.tokenizer = tokenizer;
  }

  /**
   * Submits as many completions as the request asks for.
   *
   * @param model the name in the request
   * @param parameter the request's parameter that holds the prompt
   */
  static CompletionJob submit(
      ServedModel served,
      BatchScheduler scheduler,
      String model,
      int[] prompt,
      String parameter,
      SamplingParams sampling) {
    long limit = scheduler.maxTokens();
    int wanted = sampling.maxTokens().orElse((int) Math.max(1, limit - prompt.length));
    if (prompt.length == 0) {
      throw ApiException.invalid(parameter, parameter + ": the prompt has no tokens");
    }
    if (prompt.length >= limit) {
      throw new ApiException(
          400,
          "invalid_request_error",
          "This model's maximum context length is %d tokens; the prompt has %d tokens."
              .formatted(limit, prompt.length),
          parameter,
          "context_length_exceeded");
    }
    List<Long> ids = Arrays.stream(prompt).asLongStream().boxed().toList();
    CompletionJob job = null;
    for (int i = 0; i < sampling.count(); i++) {
      AdapterLease lease = served.lease(model);
      try {
        Tokenizer tokenizer = lease.format().tokenizer();
        job = job == null ? new CompletionJob(prompt.length, tokenizer) : job;
        Set<Long> stops = served.stopTokens(lease);
        PendingCompletion completion =
            new PendingCompletion(new CompletionText(tokenizer, stops, sampling.stops()));
        scheduler.submit(
            new GenerationRequest(lease, ids, wanted, stops, sampling.choice(i), completion));
        job.completions.add(completion);
      } catch (RuntimeException e) {
        lease.close();
        if (job != null) {
          job.cancel();
        }
        throw e;
      }
    }
    return java.util.Objects.requireNonNull(job);
  }

  List<PendingCompletion> completions() {
    return completions;
  }

  int promptTokens() {
    return promptTokens;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  void cancel() {
    completions.forEach(PendingCompletion::cancel);
  }
}
