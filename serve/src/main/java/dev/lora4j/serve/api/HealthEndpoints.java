package dev.lora4j.serve.api;

import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Route;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;

/** {@code /health/live} and {@code /health/ready}. */
final class HealthEndpoints {
  private final ServedModels models;

  HealthEndpoints(ServedModels models) {
    this.models = models;
  }

  List<Route> routes() {
    return List.of(Route.get("/health/live", this::live), Route.get("/health/ready", this::ready));
  }

  private void live(Exchange exchange) throws IOException {
    exchange.send(200, Json.object().put("status", "ok"));
  }

  private void ready(Exchange exchange) throws IOException {
    exchange.send(
        200,
        Json.object()
            .put("status", "ok")
            .put("running", sum(BatchScheduler::running))
            .put("waiting", sum(BatchScheduler::waiting)));
  }

  private int sum(ToIntFunction<BatchScheduler> count) {
    return models.all().stream()
        .map(InferenceEngine::completions)
        .flatMap(Optional::stream)
        .mapToInt(count)
        .sum();
  }
}
