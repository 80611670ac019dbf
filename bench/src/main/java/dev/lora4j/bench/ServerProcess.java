package dev.lora4j.bench;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A server with OpenAI's API in a process of its own, on a free port. */
final class ServerProcess implements AutoCloseable {
  private static final long LIMIT = TimeUnit.MINUTES.toNanos(2);

  private final Process process;
  private final URI address;
  private final long started = System.nanoTime();

  private ServerProcess(Process process, URI address) {
    this.process = process;
    this.address = address;
  }

  /** Starts {@code lora serve} with these options and waits until it is ready. */
  static ServerProcess start(List<String> options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("./lora", "serve"));
    command.addAll(options);
    return start(command, "/health/ready", ProcessBuilder.Redirect.INHERIT)
        .orElseThrow(() -> new IllegalStateException("the server is not ready; run it to see why"));
  }

  /**
   * Starts {@code transformers serve} with continuous batching on the processor. Without a number
   * of blocks, its KV cache takes nine tenths of the free memory.
   *
   * @param interpreter the Python that has it beside itself
   * @param model directory in Hugging Face's layout
   * @return empty if it does not run: no {@code transformers[serving]}, or another kind of model
   */
  static Optional<ServerProcess> ofTransformers(Path interpreter, Path model)
      throws IOException, InterruptedException {
    Path program = interpreter.toAbsolutePath().resolveSibling("transformers");
    if (!Files.isExecutable(program) || !Files.isDirectory(model)) {
      return Optional.empty();
    }
    List<String> command =
        List.of(
            program.toString(),
            "serve",
            model.toString(),
            "--continuous-batching",
            "--device=cpu",
            "--dtype=float32",
            "--attn-implementation=sdpa",
            "--cb-block-size=32",
            "--cb-num-blocks=512",
            "--cb-max-batch-tokens=512");
    return start(command, "/health", ProcessBuilder.Redirect.DISCARD);
  }

  private static Optional<ServerProcess> start(
      List<String> command, String readiness, ProcessBuilder.Redirect errors)
      throws IOException, InterruptedException {
    int port = freePort();
    List<String> all = new ArrayList<>(command);
    all.add("--port=" + port);
    Process process =
        new ProcessBuilder(OwnedCommand.of(all))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(errors)
            .start();
    ServerProcess server =
        new ServerProcess(process, URI.create("http://127.0.0.1:" + port + "/v1/"));
    if (server.isReady(readiness)) {
      return Optional.of(server);
    }
    server.close();
    return Optional.empty();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Waits until the server is ready; false if it ends, or takes too long. */
  private boolean isReady(String path) throws InterruptedException {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    HttpRequest request = HttpRequest.newBuilder(address.resolve(path)).build();
    while (process.isAlive() && System.nanoTime() - started < LIMIT) {
      try {
        if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          return true;
        }
      } catch (IOException e) { // it does not listen yet
        Thread.sleep(5);
      }
    }
    return false;
  }

  /** The address below which the API's paths are resolved. */
  URI address() {
    return address;
  }

  /** Seconds since the process was started. */
  double seconds() {
    return (System.nanoTime() - started) / 1e9;
  }

  /** Resident memory in MB, from Linux. */
  double residentMegabytes() throws IOException {
    String status =
        Files.readAllLines(Path.of("/proc", "" + process.pid(), "status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .findFirst()
            .orElseThrow();
    return Long.parseLong(status.replaceAll("[^0-9]", "")) / 1024.0;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
