package dev.lora4j.serve.metrics;

import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.CompletionObserver;
import dev.lora4j.serve.engine.GenerationListener;
import dev.lora4j.serve.engine.GenerationRequest;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.engine.ServedModels;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * The metrics of a server, in its own Prometheus registry and, if there is one, in that of the
 * program in which it runs.
 */
public final class ServerMetrics implements CompletionObserver, AutoCloseable {
  private static final int MAX_ADAPTERS = 100;

  private final PrometheusMeterRegistry own = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Optional<MeterRegistry> other;
  private final MeterRegistry registry;
  private final ProcessMetrics process = new ProcessMetrics(own);
  private final AdapterTags adapters = new AdapterTags(MAX_ADAPTERS);
  private final Map<Tags, CompletionMeters> completions = new ConcurrentHashMap<>();

  /**
   * @param other the registry of the program, which gets the metrics of the server but not those of
   *     the process
   */
  public ServerMetrics(Optional<MeterRegistry> other) {
    this.other = other;
    registry = other.<MeterRegistry>map(this::both).orElse(own);
  }

  private CompositeMeterRegistry both(MeterRegistry program) {
    CompositeMeterRegistry both = new CompositeMeterRegistry();
    both.add(own);
    both.add(program);
    return both;
  }

  /** Adds the gauges of the base models. */
  public void watch(ServedModels models) {
    models.all().forEach(this::watch);
  }

  private void watch(InferenceEngine engine) {
    Tags tags = Tags.of("model", engine.model().name());
    engine.completions().ifPresent(scheduler -> watch(tags, scheduler));
    ServedModel served = engine.model();
    gauge("lora.adapters.loaded", "Adapters in memory", tags, served, s -> s.inMemory());
    counter("lora.adapter.loads", "Loads of adapters", tags, served, s -> s.loads());
    counter(
        "lora.adapter.evictions",
        "Adapters that gave way to others",
        tags,
        served,
        s -> s.evictions());
  }

  private void watch(Tags tags, BatchScheduler scheduler) {
    gauge("lora.requests.running", "Running completions", tags, scheduler, s -> s.running());
    gauge("lora.requests.waiting", "Waiting completions", tags, scheduler, s -> s.waiting());
    gauge(
        "lora.cache.usage",
        "Used part of the KV cache, cached prefixes included, from 0 to 1",
        tags,
        scheduler,
        BatchScheduler::cacheUsage);
  }

  private <T> void gauge(
      String name, String description, Tags tags, T source, ToDoubleFunction<T> value) {
    Gauge.builder(name, source, value).description(description).tags(tags).register(registry);
  }

  private <T> void counter(
      String name, String description, Tags tags, T source, ToDoubleFunction<T> value) {
    FunctionCounter.builder(name, source, value)
        .description(description)
        .tags(tags)
        .register(registry);
  }

  @Override
  public GenerationListener observe(String base, GenerationRequest request) {
    Tags tags =
        Tags.of(
            "model",
            base,
            "adapter",
            request.model().equals(base) ? AdapterTags.BASE : adapters.of(request.model()));
    return new MeasuredCompletion(
        request.listener(),
        completions.computeIfAbsent(tags, key -> new CompletionMeters(registry, key)),
        request.prompt().size());
  }

  /**
   * Counts an answer.
   *
   * @param route method and path of the endpoint; empty for requests to no endpoint
   */
  public void answered(Optional<String> route, int status) {
    Counter.builder("lora.http.requests")
        .description("Answers of the server")
        .tags("route", route.orElse("(none)"), "status", String.valueOf(status))
        .register(registry)
        .increment();
  }

  /** Returns the metrics in Prometheus's text format. */
  public String scrape() {
    return own.scrape();
  }

  /** Removes the metrics from the program's registry. */
  @Override
  public void close() {
    process.close();
    other.ifPresent(
        program -> registry.getMeters().stream().map(Meter::getId).forEach(program::remove));
    own.close();
  }
}
