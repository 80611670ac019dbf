package dev.lora4j.serve.api;

import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Route;
import dev.lora4j.serve.metrics.ServerMetrics;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** {@code /openapi.json} and {@code /metrics}. */
final class DescriptionEndpoints {
  static final String OPENAPI = "/openapi.json";

  private final ServerMetrics metrics;

  DescriptionEndpoints(ServerMetrics metrics) {
    this.metrics = metrics;
  }

  List<Route> routes() {
    return List.of(Route.get(OPENAPI, this::openApi), Route.get("/metrics", this::metrics));
  }

  private void openApi(Exchange exchange) throws IOException {
    exchange.send(200, "application/json", description());
  }

  /** The OpenAPI document of the server. */
  static String description() {
    try (InputStream in =
        Objects.requireNonNull(DescriptionEndpoints.class.getResourceAsStream("openapi.json"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void metrics(Exchange exchange) throws IOException {
    exchange.send(200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape());
  }
}
