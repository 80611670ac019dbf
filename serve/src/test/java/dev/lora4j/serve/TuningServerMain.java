package dev.lora4j.serve;

import dev.lora4j.serve.jobs.JobSettings;
import java.nio.file.Files;
import java.nio.file.Path;

/** A server in a process of its own, to be killed: model, directory of jobs, file for the port. */
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
}
