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
import java.util.concurrent.TimeUnit;

/** {@code lora serve} in a process of its own, on a free port. */
final class ServerProcess implements AutoCloseable {
  private static final long LIMIT = TimeUnit.MINUTES.toNanos(2);

  private final Process process;
  private final URI address;
  private final long started = System.nanoTime();

  private ServerProcess(Process process, URI address) {
    this.process = process;
    this.address = address;
  }

  /** Starts a server with these options and waits until it is ready. */
  static ServerProcess start(List<String> options) throws IOException, InterruptedException {
    int port = freePort();
    List<String> command = new ArrayList<>(List.of("./lora", "serve", "--port", "" + port));
    command.addAll(options);
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    ServerProcess server =
        new ServerProcess(process, URI.create("http://127.0.0.1:" + port + "/v1/"));
    server.awaitReady();
    return server;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void awaitReady() throws InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(address.resolve("/health/ready")).build();
    while (process.isAlive() && System.nanoTime() - started < LIMIT) {
      try {
        if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          return;
        }
      } catch (IOException e) { // it does not listen yet
        Thread.sleep(5);
      }
    }
    close();
    throw new IllegalStateException("the server is not ready; run it to see why");
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
