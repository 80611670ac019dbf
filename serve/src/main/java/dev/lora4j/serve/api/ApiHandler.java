package dev.lora4j.serve.api;

import dev.lora4j.serve.engine.BatchScheduler;
import dev.lora4j.serve.engine.ServedModel;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Routes requests to their endpoints, and answers failures in OpenAI's form. */
public final class ApiHandler extends Handler.Abstract {
  private static final String MODELS = "/models/";

  /** The work of an endpoint. */
  @FunctionalInterface
  private interface Endpoint {
    void handle(Exchange exchange) throws IOException;
  }

  private final ModelEndpoints models;
  private final Map<String, Map<String, Endpoint>> endpoints;
  private final Optional<ApiKeys> keys;

  /**
   * @param folder the only place from which requests may load adapters
   * @param keys the accepted keys, one per request; empty to require none
   */
  public ApiHandler(
      ServedModel served, BatchScheduler scheduler, Optional<Path> folder, Optional<ApiKeys> keys) {
    this.keys = keys;
    models = new ModelEndpoints(served, folder);
    CompletionEndpoints completions = new CompletionEndpoints(served, scheduler);
    HealthEndpoints health = new HealthEndpoints(scheduler);
    endpoints =
        Map.of(
            "/chat/completions", Map.of("POST", completions::chat),
            "/completions", Map.of("POST", completions::text),
            "/models", Map.of("GET", models::list),
            "/load_lora_adapter", Map.of("POST", models::load),
            "/unload_lora_adapter", Map.of("POST", models::unload),
            "/tokenize", Map.of("POST", models::tokenize),
            "/apply-template", Map.of("POST", models::applyTemplate),
            "/health/live", Map.of("GET", health::live),
            "/health/ready", Map.of("GET", health::ready));
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Exchange exchange = new Exchange(request, response);
    exchange.header("x-request-id", UUID.randomUUID().toString());
    try {
      respond(exchange, path(request));
      callback.succeeded();
    } catch (IOException e) { // the client has gone
      callback.failed(e);
    } catch (RuntimeException e) {
      fail(exchange, e, callback);
    }
    return true;
  }

  /** The path without {@code /v1}, which many clients omit or repeat. */
  private static String path(Request request) {
    String path = Request.getPathInContext(request);
    while (path.equals("/v1") || path.startsWith("/v1/")) {
      path = path.substring("/v1".length());
    }
    return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  private void respond(Exchange exchange, String path) throws IOException {
    if (!path.startsWith("/health/") && keys.isPresent()) {
      keys.get().require(exchange);
    } else if (keys.isEmpty() && !exchange.origin().isEmpty()) {
      throw new ApiException(
          403, "invalid_request_error", "requests of web pages need an API key", null, null);
    }
    if (path.startsWith(MODELS) && exchange.method().equals("GET")) {
      models.get(
          exchange,
          URLDecoder.decode(
              path.substring(MODELS.length()).replace("+", "%2B"), StandardCharsets.UTF_8));
      return;
    }
    Map<String, Endpoint> methods = endpoints.get(path);
    if (methods == null) {
      throw new ApiException(
          404, "invalid_request_error", "Unknown request URL: " + path, null, "unknown_url");
    }
    Endpoint endpoint = methods.get(exchange.method());
    if (endpoint == null) {
      exchange.header("Allow", String.join(", ", methods.keySet()));
      throw new ApiException(
          405,
          "invalid_request_error",
          "Method " + exchange.method() + " is not allowed here",
          null,
          "method_not_allowed");
    }
    endpoint.handle(exchange);
  }

  // ---- failures ----

  private static void fail(Exchange exchange, RuntimeException failure, Callback callback) {
    ApiException answer = ApiException.of(failure);
    try {
      if (exchange.isCommitted()) {
        callback.failed(failure);
        return;
      }
      if (answer.status() == 429) {
        exchange.header("Retry-After", "1");
      }
      exchange.send(answer.status(), answer.body().json());
      callback.succeeded();
    } catch (IOException e) {
      callback.failed(e);
    }
  }
}
