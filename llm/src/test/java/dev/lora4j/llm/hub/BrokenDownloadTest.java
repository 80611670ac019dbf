package dev.lora4j.llm.hub;

import static dev.lora4j.llm.hub.Checkouts.WEIGHTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads that are interrupted, late, or damaged. */
class BrokenDownloadTest {
  private static final RepoId REPO = RepoId.parse(FakeHub.REPO);

  private final FakeHub server;
  private final HubSettings settings;
  private final RepoCache cache;
  private final Path weights;
  private final Path incomplete;

  BrokenDownloadTest(@TempDir Path dir) throws IOException {
    server = new FakeHub().small("config.json", "{}").large("model.safetensors", WEIGHTS);
    settings = Checkouts.settings(server.endpoint(), dir);
    cache = new RepoCache(dir, REPO, true);
    weights = cache.file(server.commit(), "model.safetensors");
    incomplete = cache.incomplete(server.etag("model.safetensors"));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void fetch() {
    new Hub(settings).snapshot(REPO, HubListener.SILENT);
  }

  /** Makes the first requests for the weights fail. */
  private void trouble(int times, FakeHub.Trouble trouble) {
    AtomicInteger left = new AtomicInteger(times);
    server.trouble(
        exchange ->
            isForWeights(exchange) && left.getAndDecrement() > 0 && trouble.answer(exchange));
  }

  private boolean isForWeights(HttpExchange exchange) {
    return exchange.getRequestURI().getPath().equals("/" + server.etag("model.safetensors"));
  }

  @Test
  void resumesWhereAConnectionBroke() {
    trouble(
        1,
        exchange -> {
          FakeHub.cut(exchange, WEIGHTS, 150_000);
          return true;
        });

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(server.fetches("model.safetensors")).hasSize(2);
    assertThat(server.fetches("model.safetensors").get(1).range()).matches("bytes=[1-9]\\d*-");
    assertThat(incomplete).doesNotExist();
  }

  @Test
  void brokenConnectionsAreRetriedWhileMoreBytesArrive() {
    AtomicInteger from = new AtomicInteger();
    trouble(
        6, // twice the tries
        exchange -> {
          String range = exchange.getRequestHeaders().getFirst("Range");
          int start = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
          from.set(start);
          exchange
              .getResponseHeaders()
              .add("Content-Range", "bytes " + start + "-399999/" + WEIGHTS.length);
          exchange.sendResponseHeaders(range == null ? 200 : 206, WEIGHTS.length - start);
          exchange.getResponseBody().write(WEIGHTS, start, 40_000);
          exchange.getResponseBody().flush();
          FakeHub.sleep(100);
          throw new IOException("cut on purpose");
        });

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(from.get()).isPositive();
  }

  @Test
  void resumesInALaterRun() {
    trouble(
        9,
        exchange -> {
          if (exchange.getRequestHeaders().containsKey("Range")) {
            exchange.sendResponseHeaders(500, -1);
          } else {
            FakeHub.cut(exchange, WEIGHTS, 150_000);
          }
          return true;
        });
    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("cannot download org/model/model.safetensors: HTTP 500, 3 times")
        .hasMessageContaining("run it again to resume where it stopped");
    assertThat(incomplete).exists();
    assertThat(weights).doesNotExist();
    assertThat(new Hub(settings).cached(REPO)).isEmpty();

    server.noMoreTrouble();
    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(last().range()).matches("bytes=[1-9]\\d*-");
  }

  private FakeHub.Request last() {
    var fetches = server.fetches("model.safetensors");
    return fetches.get(fetches.size() - 1);
  }

  @Test
  void serverThatIgnoresRangeRestartsTheDownload() throws IOException {
    keep(Arrays.copyOf(WEIGHTS, 1000));
    trouble(
        1,
        exchange -> {
          exchange.sendResponseHeaders(200, WEIGHTS.length);
          exchange.getResponseBody().write(WEIGHTS);
          return true;
        });

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
  }

  @Test
  void restFromAnotherOffsetIsNotUsed() throws IOException {
    keep(Arrays.copyOf(WEIGHTS, 1000));
    trouble(
        1,
        exchange -> {
          exchange.getResponseHeaders().add("Content-Range", "bytes 5-9/10");
          exchange.sendResponseHeaders(206, 5);
          exchange.getResponseBody().write(new byte[5]);
          return true;
        });

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(last().range()).isEmpty();
  }

  @Test
  void unsatisfiableRangeRestartsTheDownload() throws IOException {
    keep(Arrays.copyOf(WEIGHTS, 1000));
    trouble(
        1,
        exchange -> {
          exchange.sendResponseHeaders(416, -1);
          return true;
        });

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
  }

  @Test
  void partWithoutAChecksumIsDiscarded() throws IOException {
    server.trouble(
        exchange -> {
          boolean config = exchange.getRequestURI().getPath().endsWith("/config.json");
          if (!config || !exchange.getRequestMethod().equals("HEAD")) {
            return false;
          }
          exchange.getResponseHeaders().add("X-Repo-Commit", server.commit());
          exchange.getResponseHeaders().add("ETag", "\"some-mark\"");
          exchange.sendResponseHeaders(200, -1);
          return true;
        });
    Path kept = cache.incomplete("some-mark");
    Files.createDirectories(kept.getParent());
    Files.writeString(kept, "?");

    fetch();

    assertThat(cache.file(server.commit(), "config.json")).hasContent("{}");
  }

  @Test
  void tooLongPartIsDiscarded() throws IOException {
    keep(Checkouts.random(9, WEIGHTS.length + 1));

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
  }

  @Test
  void completePartIsOnlyVerified() throws IOException {
    keep(WEIGHTS);

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(server.fetches("model.safetensors")).isEmpty();
  }

  @Test
  void damagedPartIsDownloadedAgain() throws IOException {
    keep(new byte[1000]);

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
    assertThat(server.fetches("model.safetensors")).hasSize(2);
  }

  @Test
  void wrongHashNamesBothAndLeavesNothing() {
    byte[] other = WEIGHTS.clone();
    other[77]++;
    trouble(
        9,
        exchange -> {
          FakeHub.serve(exchange, other);
          return true;
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("download of org/model/model.safetensors: expected SHA-256")
        .hasMessageContaining(server.etag("model.safetensors"));
    assertThat(incomplete).doesNotExist();
    assertThat(weights).doesNotExist();
  }

  @Test
  void wrongHashOfASmallFileIsDetected() {
    server.trouble(
        exchange -> {
          boolean config = exchange.getRequestURI().getPath().endsWith("/config.json");
          if (!config || !exchange.getRequestMethod().equals("GET")) {
            return false;
          }
          FakeHub.serve(exchange, new byte[] {'{', '!'});
          return true;
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("download of org/model/config.json: expected Git SHA-1");
  }

  @Test
  void moreBytesThanAnnouncedAreRefused() {
    trouble(
        9,
        exchange -> {
          FakeHub.serve(exchange, Arrays.copyOf(WEIGHTS, WEIGHTS.length + 9));
          return true;
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected 400000 bytes, found more");
    assertThat(incomplete).doesNotExist();
  }

  @Test
  void fewerBytesThanAnnouncedAreTriedAgain() {
    trouble(
        1,
        exchange -> {
          FakeHub.serve(exchange, Arrays.copyOf(WEIGHTS, 10));
          return true;
        });

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
  }

  @Test
  void busyServerIsTriedAgain() {
    AtomicInteger left = new AtomicInteger(2);
    server.trouble(
        exchange -> {
          if (left.getAndDecrement() <= 0) {
            return false;
          }
          exchange.getResponseHeaders().add("Retry-After", "0");
          exchange.sendResponseHeaders(429, -1);
          return true;
        });

    fetch();

    assertThat(weights).hasBinaryContent(WEIGHTS);
  }

  @Test
  void silentServerIsGivenUp() {
    trouble(
        9,
        exchange -> {
          exchange.sendResponseHeaders(200, WEIGHTS.length);
          exchange.getResponseBody().flush();
          FakeHub.sleep(4000);
          return true;
        });

    assertThatThrownBy(this::fetch)
        .isInstanceOf(UserError.class)
        .hasMessageContaining("nothing arrived for 2.0 s, 3 times");
  }

  private void keep(byte[] bytes) throws IOException {
    Files.createDirectories(incomplete.getParent());
    Files.write(incomplete, bytes);
  }
}
