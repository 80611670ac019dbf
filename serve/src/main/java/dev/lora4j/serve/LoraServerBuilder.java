package dev.lora4j.serve;

import dev.lora4j.UserError;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.serve.api.AdapterNames;
import dev.lora4j.serve.api.ApiHandler;
import dev.lora4j.serve.api.ApiKeys;
import dev.lora4j.serve.engine.ServingLimits;
import dev.lora4j.serve.http.CorsOrigins;
import dev.lora4j.serve.jobs.JobSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The settings of a server; see {@link LoraServer}. */
public final class LoraServerBuilder {
  private static final int CONNECTIONS = 1_024;

  private final List<NamedModel> models = new ArrayList<>();
  private final Map<String, Path> adapters = new LinkedHashMap<>();
  private Optional<Path> folder = Optional.empty();
  private WeightStorage storage = WeightStorage.asStored();
  private Optional<JobSettings> jobs = Optional.empty();
  private String host = "127.0.0.1";
  private int port = 8080;
  private int maxConnections = CONNECTIONS;
  private Optional<ApiKeys> keys = Optional.empty();
  private boolean withoutKeys;
  private CorsOrigins cors = CorsOrigins.NONE;
  private ServingLimits limits = ServingLimits.defaults();
  private Optional<MeterRegistry> registry = Optional.empty();

  LoraServerBuilder() {}

  private record NamedModel(String name, Path path) {}

  /**
   * Adds a base model, named after its file in requests.
   *
   * @param path directory in Hugging Face's layout, or a GGUF file
   */
  public LoraServerBuilder model(Path path) {
    return model(String.valueOf(path.toAbsolutePath().normalize().getFileName()), path);
  }

  /**
   * Adds a base model under a name.
   *
   * @param path directory in Hugging Face's layout, or a GGUF file
   */
  public LoraServerBuilder model(String name, Path path) {
    models.add(new NamedModel(name, path));
    return this;
  }

  /** The base models by name. */
  Map<String, Path> bases() {
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
  public LoraServerBuilder storage(WeightStorage choice) {
    storage = choice;
    return this;
  }

  WeightStorage storage() {
    return storage;
  }

  /**
   * Loads an adapter under a name, into the first base model that it fits. Beside jobs, the name
   * must not begin with {@code ft:}.
   *
   * @throws UserError if another adapter has the name
   */
  public LoraServerBuilder adapter(String name, Path directory) {
    if (adapters.put(name, directory) != null) {
      throw new UserError(
          "two adapters are named '%s'; rename one: NAME=%s".formatted(name, directory));
    }
    return this;
  }

  /** The adapters by name. */
  Map<String, Path> adapters() {
    AdapterNames names = new AdapterNames(jobs.isPresent());
    adapters.keySet().forEach(names::require);
    return adapters;
  }

  Optional<Path> folder() {
    return folder;
  }

  Optional<JobSettings> jobs() {
    return jobs;
  }

  String host() {
    return host;
  }

  int port() {
    return port;
  }

  int maxConnections() {
    return maxConnections;
  }

  ApiHandler.Access access() {
    return new ApiHandler.Access(keys, cors);
  }

  ServingLimits limits() {
    return limits;
  }

  Optional<MeterRegistry> registry() {
    return registry;
  }

  /** A folder whose adapters are loaded at their first request, by the name of their directory. */
  public LoraServerBuilder adapters(Path folder) {
    this.folder = Optional.of(folder);
    return this;
  }

  /** Files and fine-tuning jobs in a directory, with half of the cores to train. */
  public LoraServerBuilder jobs(Path directory) {
    return jobs(JobSettings.in(directory));
  }

  /** Files and fine-tuning jobs. */
  public LoraServerBuilder jobs(JobSettings settings) {
    jobs = Optional.of(settings);
    return this;
  }

  /** Address to listen on; 127.0.0.1 by default. */
  public LoraServerBuilder host(String host) {
    this.host = host;
    return this;
  }

  /** Port to listen on; 0 lets the system choose. */
  public LoraServerBuilder port(int port) {
    this.port = port;
    return this;
  }

  /**
   * Maximum number of open connections, 1,024 by default. Further clients wait until one is closed;
   * idle ones are closed sooner then.
   */
  public LoraServerBuilder maxConnections(int connections) {
    if (connections < 1) {
      throw new UserError("max-connections must be at least 1, found " + connections);
    }
    maxConnections = connections;
    return this;
  }

  /** Accepted API keys; every request must have one of them. */
  public LoraServerBuilder apiKeys(ApiKeys keys) {
    this.keys = Optional.of(keys);
    return this;
  }

  /** Allows other addresses than this machine's own without keys. */
  public LoraServerBuilder withoutKeys() {
    withoutKeys = true;
    return this;
  }

  /**
   * Web pages of other servers that may send requests, by their origins, such as {@code
   * https://app.example.com}; none by default. {@code *} allows all, on a server with keys.
   */
  public LoraServerBuilder cors(List<String> origins) {
    cors = new CorsOrigins(origins);
    return this;
  }

  public LoraServerBuilder limits(ServingLimits limits) {
    this.limits = limits;
    return this;
  }

  /** Records the metrics of {@code /metrics} in a registry of the program too. */
  public LoraServerBuilder meterRegistry(MeterRegistry registry) {
    this.registry = Optional.of(registry);
    return this;
  }

  /**
   * Loads the models and starts the server.
   *
   * @throws UserError if a model or an adapter does not load, the port is taken, or everybody could
   *     use the server: the address is not this machine's own, and there are no keys
   */
  public LoraServer start() {
    if (keys.isEmpty() && !withoutKeys && !isLoopback(host)) {
      throw new UserError(
          "--host %s is reachable from other machines: give --api-key-file, or --no-auth to serve everybody"
              .formatted(host));
    }
    if (keys.isEmpty() && cors.allowsAll()) {
      throw new UserError(
          "--cors * lets every web page use the server: name the origins, or give --api-key-file");
    }
    adapters(); // refuses a name before the models are loaded
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
