package dev.lora4j.llm.hub;

import static dev.lora4j.llm.hub.Checkouts.WEIGHTS;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Killed and concurrent processes. */
class ProcessesTest {
  private static final int HALF = WEIGHTS.length / 2;

  private final FakeHub server;
  private final Path cache;
  private final RepoCache place;

  ProcessesTest(@TempDir Path cache) throws IOException {
    this.cache = cache;
    server = new FakeHub().small("config.json", "{}").large("model.safetensors", WEIGHTS);
    place = new RepoCache(cache, RepoId.parse(FakeHub.REPO), true);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void resumesAfterAKill() throws Exception {
    CountDownLatch killed = new CountDownLatch(1);
    server.trouble(exchange -> isForWeights(exchange) && sendHalfAndWait(exchange, killed));
    Process process = FetchingProcess.start(server, cache);
    Path incomplete = place.incomplete(server.etag("model.safetensors"));
    waitForBytes(process, incomplete);
    process.destroyForcibly().waitFor();
    killed.countDown();
    server.noMoreTrouble();
    server.requests().clear();

    Path snapshot =
        new Hub(Checkouts.settings(server.endpoint(), cache))
            .snapshot(RepoId.parse(FakeHub.REPO), HubListener.SILENT);

    assertThat(snapshot.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.fetches("model.safetensors"))
        .singleElement()
        .satisfies(r -> assertThat(r.range()).isEqualTo("bytes=" + HALF + "-"));
  }

  @Test
  void concurrentProcessesDownloadOnce() throws Exception {
    server.trouble(
        exchange -> {
          if (isForWeights(exchange)) {
            FakeHub.sleep(1000);
          }
          return false;
        });
    Process first = FetchingProcess.start(server, cache);
    Process second = FetchingProcess.start(server, cache);

    assertThat(first.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();

    assertThat(first.exitValue()).isZero();
    assertThat(second.exitValue()).isZero();
    assertThat(place.file(server.commit(), "model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.requests().stream().filter(r -> r.server().equals("store"))).hasSize(1);
  }

  private boolean isForWeights(HttpExchange exchange) {
    return exchange.getRequestURI().getPath().equals("/" + server.etag("model.safetensors"));
  }

  private static boolean sendHalfAndWait(HttpExchange exchange, CountDownLatch killed)
      throws IOException {
    exchange.sendResponseHeaders(200, WEIGHTS.length);
    OutputStream body = exchange.getResponseBody();
    body.write(WEIGHTS, 0, HALF);
    body.flush();
    try {
      killed.await(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new IOException("cut on purpose");
  }

  private static void waitForBytes(Process process, Path file)
      throws IOException, InterruptedException {
    for (int i = 0; i < 600 && process.isAlive(); i++) {
      if (Files.exists(file) && Files.size(file) == HALF) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("the process fetched no half of the file");
  }
}
