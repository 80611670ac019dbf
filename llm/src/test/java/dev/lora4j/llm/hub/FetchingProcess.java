package dev.lora4j.llm.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;

/** A separate process that downloads the model of a {@link FakeHub}. */
final class FetchingProcess {
  private FetchingProcess() {}

  static Process start(FakeHub server, Path cache) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            FetchingProcess.class.getName(),
            server.endpoint().toString(),
            cache.toString())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  public static void main(String[] arguments) {
    HubSettings settings = Checkouts.settings(URI.create(arguments[0]), Path.of(arguments[1]));
    new Hub(settings).snapshot(RepoId.parse(FakeHub.REPO), HubListener.SILENT);
  }
}
