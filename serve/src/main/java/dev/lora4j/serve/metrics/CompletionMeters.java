package dev.lora4j.serve.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.stream.LongStream;

/** The meters of the completions of one adapter, or of the base model. */
final class CompletionMeters {
  private static final Duration[] WAITS =
      milliseconds(1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000);
  private static final Duration[] STEPS =
      milliseconds(1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 250, 500, 1_000, 2_500);

  private final MeterRegistry registry;
  private final Tags tags;
  final Timer queue;
  final Timer firstToken;
  final Timer betweenTokens;
  final Counter promptTokens;
  final Counter cachedTokens;
  final Counter generatedTokens;

  CompletionMeters(MeterRegistry registry, Tags tags) {
    this.registry = registry;
    this.tags = tags;
    queue = timer("lora.queue.time", "Time from the request to the start of its prefill", WAITS);
    firstToken = timer("lora.time.to.first.token", "Time from the request to its token", WAITS);
    betweenTokens = timer("lora.time.between.tokens", "Time between two tokens", STEPS);
    promptTokens = counter("lora.tokens.prompt", "Tokens of prompts");
    cachedTokens = counter("lora.tokens.cached", "Tokens of prompts found in the prefix cache");
    generatedTokens = counter("lora.tokens.generated", "Generated tokens");
  }

  private static Duration[] milliseconds(long... bounds) {
    return LongStream.of(bounds).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }

  private Timer timer(String name, String description, Duration... buckets) {
    return Timer.builder(name)
        .description(description)
        .tags(tags)
        .serviceLevelObjectives(buckets)
        .register(registry);
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).tags(tags).register(registry);
  }

  /**
   * A completion has ended.
   *
   * @param result OpenAI's {@code finish_reason}, {@code cancelled} or {@code failed}
   */
  void ended(String result) {
    Counter.builder("lora.completions")
        .description("Completions that have ended")
        .tags(tags)
        .tag("result", result)
        .register(registry)
        .increment();
  }
}
