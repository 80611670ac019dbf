package dev.lora4j.serve;

import dev.lora4j.UserError;
import dev.lora4j.serve.api.ApiHandler;
import dev.lora4j.serve.engine.EngineContext;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.engine.ServingLimits;
import dev.lora4j.serve.http.HttpErrors;
import dev.lora4j.serve.http.RequestThreads;
import dev.lora4j.serve.jobs.FineTuningService;
import dev.lora4j.serve.metrics.ServerMetrics;
import dev.lora4j.serve.task.TaskAdapters;
import dev.lora4j.serve.task.TaskEndpoints;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.server.handler.MinimumDataRateHandler;

/**
 * An HTTP server with OpenAI's API for base models and their adapters.
 *
 * <pre>{@code
 * try (LoraServer server =
 *     LoraServer.builder()
 *         .model(Path.of("SmolLM2-135M-Instruct"))
 *         .adapter("pirate", Path.of("pirate-adapter"))
 *         .port(8080)
 *         .start()) {
 *   server.join();
 * }
 * }</pre>
 */
public final class LoraServer implements AutoCloseable {
  private static final long DRAIN_MILLIS = 60_000;
  private static final long IDLE_MILLIS = 120_000;
  private static final long CROWDED_IDLE_MILLIS = 10_000;
  private static final long MIN_BYTES_PER_SECOND = 1_000;
  private static final long ANY_RATE = 0;
  private static final int SPARE_THREADS = 64;

  private final Server server;
  private final ServerConnector connector;
  private final NetworkConnectionLimit limit;
  private final ServerMetrics metrics;
  private final ServedModels models;
  private final TaskEndpoints tasks;
  private final Optional<FineTuningService> tuning;
  private final AtomicBoolean closed = new AtomicBoolean();

  LoraServer(LoraServerBuilder builder) {
    metrics = new ServerMetrics(builder.registry());
    models = open(builder);
    metrics.watch(models);
    tasks = new TaskEndpoints(tasks(builder), builder.limits().maxQueue());
    tuning = tuning(builder);
    server =
        new Server(
            RequestThreads.pool(
                builder.limits().maxBatch() + 2 * builder.limits().maxQueue() + SPARE_THREADS));
    connector = connector(builder);
    server.addConnector(connector);
    limit = connectionLimit(builder.maxConnections());
    server.addBean(limit);
    ApiHandler api =
        new ApiHandler(models, builder.folder(), tuning, tasks, builder.access(), metrics);
    server.setHandler(
        new GracefulHandler(
            new MinimumDataRateHandler(
                builder.access().cors().around(api), MIN_BYTES_PER_SECOND, ANY_RATE)));
    server.setErrorHandler(new HttpErrors());
    server.setStopTimeout(DRAIN_MILLIS);
  }

  private ServedModels open(LoraServerBuilder builder) {
    EngineContext context = new EngineContext(metrics);
    List<InferenceEngine> engines = new ArrayList<>();
    try {
      Map<String, Path> bases = builder.bases();
      ServingLimits limits = builder.limits().sharedBy(bases.size());
      bases.forEach(
          (name, path) ->
              engines.add(
                  InferenceEngine.open(
                      name, path, builder.storage(), builder.folder(), limits, context)));
      ServedModels models = new ServedModels(engines);
      builder
          .adapters()
          .forEach(
              (name, directory) -> {
                if (!TaskAdapters.takes(directory)) {
                  models.load(name, directory, false);
                }
              });
      return models;
    } catch (RuntimeException e) {
      engines.forEach(InferenceEngine::close);
      metrics.close();
      throw e;
    }
  }

  private TaskAdapters tasks(LoraServerBuilder builder) {
    TaskAdapters loaded =
        new TaskAdapters(builder.bases(), builder.folder(), builder.limits().threads());
    try {
      builder
          .adapters()
          .forEach(
              (name, directory) -> {
                if (TaskAdapters.takes(directory)) {
                  loaded.load(name, directory);
                }
              });
      return loaded;
    } catch (RuntimeException e) {
      loaded.close();
      models.close();
      metrics.close();
      throw e;
    }
  }

  private Optional<FineTuningService> tuning(LoraServerBuilder builder) {
    try {
      return builder.jobs().map(settings -> FineTuningService.open(settings, models));
    } catch (RuntimeException e) {
      tasks.close();
      models.close();
      metrics.close();
      throw e;
    }
  }

  /** Stops accepting connections at a number, and closes idle ones sooner while it is reached. */
  private NetworkConnectionLimit connectionLimit(int connections) {
    NetworkConnectionLimit result = new NetworkConnectionLimit(connections, server);
    result.setEndPointIdleTimeout(CROWDED_IDLE_MILLIS);
    return result;
  }

  private ServerConnector connector(LoraServerBuilder builder) {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    // Names of models may contain encoded slashes.
    http.setUriCompliance(
        UriCompliance.from("RFC3986,AMBIGUOUS_PATH_SEPARATOR,AMBIGUOUS_PATH_ENCODING"));
    ServerConnector result = new ServerConnector(server, new HttpConnectionFactory(http));
    result.setHost(builder.host());
    result.setPort(builder.port());
    result.setIdleTimeout(IDLE_MILLIS);
    return result;
  }

  public static LoraServerBuilder builder() {
    return new LoraServerBuilder();
  }

  /** The port, also if the system chose it. */
  public int port() {
    return connector.getLocalPort();
  }

  /** Waits until the server is closed. */
  public void join() throws InterruptedException {
    server.join();
  }

  void open() {
    try {
      server.start();
    } catch (Exception e) { // Jetty's declaration
      close();
      if (e instanceof IOException) {
        throw new UserError(
            "can't listen on %s:%d: %s; choose another port, or 0 for any free one"
                .formatted(connector.getHost(), connector.getPort(), rootMessage(e)));
      }
      throw new IllegalStateException(e);
    }
  }

  private static String rootMessage(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }

  /**
   * Stops accepting requests, answers the pending ones within a minute, and frees the models. A
   * fine-tuning job that is running continues at the next start.
   */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    tuning.ifPresent(FineTuningService::stop);
    try {
      // The limit would undo the short idle timeout by which a stopping server closes connections.
      limit.stop();
      server.stop();
    } catch (Exception e) { // Jetty's declaration
      throw new IllegalStateException(e);
    } finally {
      tuning.ifPresent(FineTuningService::close);
      tasks.close();
      models.close();
      metrics.close();
    }
  }
}
