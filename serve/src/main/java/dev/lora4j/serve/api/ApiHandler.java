package dev.lora4j.serve.api;

import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.CorsOrigins;
import dev.lora4j.serve.http.Endpoint;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.PageOrigins;
import dev.lora4j.serve.http.Route;
import dev.lora4j.serve.jobs.FineTuningService;
import dev.lora4j.serve.metrics.ServerMetrics;
import dev.lora4j.serve.task.TaskEndpoints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Routes requests to their endpoints, and answers failures in OpenAI's form. */
public final class ApiHandler extends Handler.Abstract {
  private final List<Route> routes;
  private final Access access;
  private final ServerMetrics metrics;

  /**
   * The clients that may send requests.
   *
   * @param keys the accepted keys, one per request; empty to require none
   * @param cors the web pages of other servers that need no key, if there are none
   */
  public record Access(Optional<ApiKeys> keys, CorsOrigins cors) {}

  /**
   * @param folder the only place from which requests may load adapters
   * @param tuning files and fine-tuning jobs; empty for a server without them
   * @param tasks the endpoints of classifiers and rerankers
   * @param metrics receives the status of each answer
   */
  public ApiHandler(
      ServedModels models,
      Optional<Path> folder,
      Optional<FineTuningService> tuning,
      TaskEndpoints tasks,
      Access access,
      ServerMetrics metrics) {
    this.access = access;
    this.metrics = metrics;
    routes =
        Stream.of(
                new CompletionEndpoints(models).routes(),
                new EmbeddingEndpoints(models).routes(),
                tasks.routes(),
                new ModelEndpoints(
                        models, folder, new AdapterNames(tuning.isPresent()), tasks::names)
                    .routes(),
                new FileEndpoints(tuning).routes(),
                new FineTuningEndpoints(models, tuning).routes(),
                new HealthEndpoints(models).routes(),
                new DescriptionEndpoints(metrics).routes(),
                new WebPage().routes())
            .flatMap(List::stream)
            .toList();
  }

  List<Route> routes() {
    return routes;
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
    } finally {
      metrics.answered(exchange.route(), exchange.status());
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
    if (access.keys().isEmpty()) {
      PageOrigins.require(exchange, access.cors());
    } else if (!isOpen(path)) {
      access.keys().get().require(exchange);
    }
    route(exchange, path).handle(exchange);
  }

  /** Returns whether a path needs no key. */
  private static boolean isOpen(String path) {
    return path.startsWith("/health/")
        || path.equals(WebPage.PATH)
        || path.equals(DescriptionEndpoints.OPENAPI);
  }

  private Endpoint route(Exchange exchange, String path) {
    List<String> allowed = new ArrayList<>();
    for (Route route : routes) {
      Optional<List<String>> segments = route.match(path);
      if (segments.isPresent() && route.answers(exchange.method())) {
        exchange.matched(route, segments.get());
        return route.endpoint();
      }
      segments.ifPresent(other -> allowed.addAll(route.methods()));
    }
    if (allowed.isEmpty()) {
      throw new ApiException(
          404,
          "invalid_request_error",
          "Unknown request URL: "
              + exchange.method()
              + " "
              + path
              + "; GET /openapi.json lists all",
          null,
          "unknown_url");
    }
    String valid = String.join(", ", allowed);
    exchange.header("Allow", valid);
    throw new ApiException(
        405,
        "invalid_request_error",
        "Method %s is not allowed for %s; valid: %s".formatted(exchange.method(), path, valid),
        null,
        "method_not_allowed");
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
      exchange.discardBody();
      exchange.send(answer.status(), answer.body().json());
      callback.succeeded();
    } catch (IOException e) {
      callback.failed(e);
    }
  }
}
