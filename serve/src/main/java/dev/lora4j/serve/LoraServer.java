package dev.lora4j.serve;

import dev.lora4j.UserError;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.serve.api.ApiHandler;
import dev.lora4j.serve.api.ApiKeys;
import dev.lora4j.serve.engine.EngineContext;
import dev.lora4j.serve.engine.InferenceEngine;
import dev.lora4j.serve.engine.ServedModels;
import dev.lora4j.serve.engine.ServingLimits;
import dev.lora4j.serve.http.HttpErrors;
import dev.lora4j.serve.jobs.FineTuningService;
import dev.lora4j.serve.jobs.JobSettings;
import dev.lora4j.serve.metrics.ServerMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.server.handler.MinimumDataRateHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

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
  private static final long MIN_BYTES_PER_SECOND = 1_000;
  private static final long ANY_RATE = 0;
  private static final int SPARE_THREADS = 64;

  private final Server server;
  private final ServerConnector connector;
  private final ServerMetrics metrics;
  private final ServedModels models;
  private final Optional<FineTuningService> tuning;
  private final AtomicBoolean closed = new AtomicBoolean();

  private LoraServer(Builder builder) {
    metrics = new ServerMetrics(builder.registry);
    models = open(builder);
    metrics.watch(models);
    tuning = tuning(builder);
    QueuedThreadPool threads =
        new QueuedThreadPool(builder.limits.maxBatch() + builder.limits.maxQueue() + SPARE_THREADS);
    threads.setName("lora4j-http");
    threads.setDaemon(true);
    server = new Server(threads);
    connector = connector(builder);
    server.addConnector(connector);
    server.setHandler(
        new GracefulHandler(
            new MinimumDataRateHandler(
                new ApiHandler(models, builder.folder, tuning, builder.keys, metrics),
                MIN_BYTES_PER_SECOND,
                ANY_RATE)));
    server.setErrorHandler(new HttpErrors());
    server.setStopTimeout(DRAIN_MILLIS);
  }

  private ServedModels open(Builder builder) {
    EngineContext context = new EngineContext(metrics);
    List<InferenceEngine> engines = new ArrayList<>();
    try {
      Map<String, Path> bases = builder.bases();
      ServingLimits limits = builder.limits.sharedBy(bases.size());
      bases.forEach(
          (name, path) ->
              engines.add(
                  InferenceEngine.open(
                      name, path, builder.storage, builder.folder, limits, context)));
      ServedModels models = new ServedModels(engines);
      builder.adapters.forEach((name, directory) -> models.load(name, directory, false));
      return models;
    } catch (RuntimeException e) {
      engines.forEach(InferenceEngine::close);
      metrics.close();
      throw e;
    }
  }

  private Optional<FineTuningService> tuning(Builder builder) {
    try {
      return builder.jobs.map(settings -> FineTuningService.open(settings, models));
    } catch (RuntimeException e) {
      models.close();
      metrics.close();
      throw e;
    }
  }

  private ServerConnector connector(Builder builder) {
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    // Names of models may contain encoded slashes.
    http.setUriCompliance(
        UriCompliance.from("RFC3986,AMBIGUOUS_PATH_SEPARATOR,AMBIGUOUS_PATH_ENCODING"));
    ServerConnector result = new ServerConnector(server, new HttpConnectionFactory(http));
    result.setHost(builder.host);
    result.setPort(builder.port);
    result.setIdleTimeout(IDLE_MILLIS);
    return result;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** The port, also if the system chose it. */
  public int port() {
    return connector.getLocalPort();
  }

  /** Waits until the server is closed. */
  public void join() throws InterruptedException {
    server.join();
  }

  private void open() {
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
      server.stop();
    } catch (Exception e) { // Jetty's declaration
      throw new IllegalStateException(e);
    } finally {
      tuning.ifPresent(FineTuningService::close);
      models.close();
      metrics.close();
    }
  }

  /** The settings of a server. */
  public static final class Builder {
    private final List<NamedModel> models = new ArrayList<>();
    private final Map<String, Path> adapters = new LinkedHashMap<>();
    private Optional<Path> folder = Optional.empty();
    private WeightStorage storage = WeightStorage.asStored();
    private Optional<JobSettings> jobs = Optional.empty();
    private String host = "127.0.0.1";
    private int port = 8080;
    private Optional<ApiKeys> keys = Optional.empty();
    private boolean withoutKeys;
    private ServingLimits limits = ServingLimits.defaults();
    private Optional<MeterRegistry> registry = Optional.empty();

    private Builder() {}

    private record NamedModel(String name, Path path) {}

    /**
     * Adds a base model, named after its file in requests.
     *
     * @param path directory in Hugging Face's layout, or a GGUF file
     */
    public Builder model(Path path) {
      return model(String.valueOf(path.toAbsolutePath().normalize().getFileName()), path);
    }

    /**
     * Adds a base model under a name.
     *
     * @param path directory in Hugging Face's layout, or a GGUF file
     */
    public Builder model(String name, Path path) {
      models.add(new NamedModel(name, path));
      return this;
    }

    private Map<String, Path> bases() {
      Map<String, Path> bases = new LinkedHashMap<>();
      for (NamedModel model : models) {
        if (bases.put(model.name(), model.path()) != null) {
          throw new UserError(
              "two base models are named '" + model.name() + "'; rename one: NAME=PATH");
        }
      }
      if (bases.isEmpty()) {
        throw new UserError("a server needs a base model");
      }
      return bases;
    }

    /** How the matrices of the base models are kept in memory; as in their files by default. */
    public Builder storage(WeightStorage choice) {
      storage = choice;
      return this;
    }

    /** Loads an adapter under a name, into the first base model that it fits. */
    public Builder adapter(String name, Path directory) {
      adapters.put(name, directory);
      return this;
    }

    /**
     * A folder whose adapters are loaded at their first request, by the name of their directory.
     */
    public Builder adapters(Path folder) {
      this.folder = Optional.of(folder);
      return this;
    }

    /** Files and fine-tuning jobs in a directory, with half of the cores to train. */
    public Builder jobs(Path directory) {
      return jobs(JobSettings.in(directory));
    }

    /** Files and fine-tuning jobs. */
    public Builder jobs(JobSettings settings) {
      jobs = Optional.of(settings);
      return this;
    }

    /** Address to listen on; 127.0.0.1 by default. */
    public Builder host(String host) {
      this.host = host;
      return this;
    }

    /** Port to listen on; 0 lets the system choose. */
    public Builder port(int port) {
      this.port = port;
      return this;
    }

    /** Accepted API keys; every request must have one of them. */
    public Builder apiKeys(ApiKeys keys) {
      this.keys = Optional.of(keys);
      return this;
    }

    /** Allows other addresses than this machine's own without keys. */
    public Builder withoutKeys() {
      withoutKeys = true;
      return this;
    }

    public Builder limits(ServingLimits limits) {
      this.limits = limits;
      return this;
    }

    /** Records the metrics of {@code /metrics} in a registry of the program too. */
    public Builder meterRegistry(MeterRegistry registry) {
      this.registry = Optional.of(registry);
      return this;
    }

    /**
     * Loads the models and starts the server.
     *
     * @throws UserError if a model or an adapter does not load, the port is taken, or the address
     *     is not this machine's own and there are no keys
     */
    public LoraServer start() {
      if (keys.isEmpty() && !withoutKeys && !isLoopback(host)) {
        throw new UserError(
            "--host %s is reachable from other machines: give --api-key-file, or --no-auth to serve everybody"
                .formatted(host));
      }
      LoraServer server = new LoraServer(this);
      server.open();
      return server;
    }

    private static boolean isLoopback(String host) {
      try {
        return InetAddress.getByName(host).isLoopbackAddress();
      } catch (IOException e) {
        throw new UserError("--host " + host + " is not an address of this machine");
      }
    }
  }
}
