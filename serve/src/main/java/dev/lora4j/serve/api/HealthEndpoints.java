package dev.lora4j.serve.api;

import dev.lora4j.serve.engine.BatchScheduler;
import java.io.IOException;

/** {@code /health/live} and {@code /health/ready}. */
final class HealthEndpoints {
  private final BatchScheduler scheduler;

  HealthEndpoints(BatchScheduler scheduler) {
    this.scheduler = scheduler;
  }

  void live(Exchange exchange) throws IOException {
    exchange.send(200, Json.object().put("status", "ok"));
  }

  void ready(Exchange exchange) throws IOException {
    exchange.send(
        200,
        Json.object()
            .put("status", "ok")
            .put("running", scheduler.running())
            .put("waiting", scheduler.waiting()));
  }
}
