package dev.lora4j.serve;

import dev.lora4j.serve.jobs.JobSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server in a process of its own: model, directory of jobs, file for the port. */
final class TuningServerMain {
  private TuningServerMain() {}

  public static void main(String[] args) throws Exception {
    try (LoraServer server =
        LoraServer.builder()
            .model("base", Path.of(args[0]))
            .jobs(JobSettings.in(Path.of(args[1])).workers(2))
            .port(0)
            .start()) {
      Path port = Path.of(args[2]);
      Path written = Files.writeString(port.resolveSibling("port.new"), "" + server.port());
      Files.move(written, port);
      server.join();
    }
  }

  /** Starts the process, by a command that runs the rest of its arguments. */
  static Process start(Path model, Path jobs, Path port, String... command) throws IOException {
    List<String> all = new ArrayList<>(List.of(command));
    all.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    all.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-cp"));
    all.add(System.getProperty("java.class.path"));
    all.addAll(List.of(TuningServerMain.class.getName(), "" + model, "" + jobs, "" + port));
    return new ProcessBuilder(all).inheritIO().start();
  }

  /** Waits until the server listens and returns its port. */
  static int port(Process server, Path file) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!Files.exists(file)) {
      if (!server.isAlive() || System.nanoTime() > deadline) {
        throw new AssertionError("the server does not start");
      }
      Thread.sleep(50);
    }
    return Integer.parseInt(Files.readString(file));
  }
}
