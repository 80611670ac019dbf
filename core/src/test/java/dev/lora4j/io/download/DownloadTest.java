package dev.lora4j.io.download;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadTest {
  private static final Download.Limits QUICK =
      new Download.Limits(3, Duration.ofSeconds(2), Duration.ofMillis(400), Duration.ofMillis(1));
  private static final byte[] CONTENT = content();

  /** The server's response to one request. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private final Deque<Answer> answers = new ArrayDeque<>();
  private final List<String> requests = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;
  private final Path dir;
  private final Path target;

  DownloadTest(@TempDir Path dir) throws IOException {
    this.dir = dir;
    this.target = dir.resolve("new/file.bin");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  @Test
  void fileIsDownloadedWithProgress() throws IOException {
    answers.add(whole("\"v1\""));
    List<Long> told = new ArrayList<>();

    Path result =
        download()
            .expecting(Checksum.sha256(sha256()))
            .telling(
                (bytes, total) -> {
                  assertThat(total).hasValue(CONTENT.length);
                  told.add(bytes);
                })
            .run();

    assertThat(result).isEqualTo(target).hasBinaryContent(CONTENT);
    assertThat(told).isSorted().endsWith((long) CONTENT.length);
    assertThat(files()).containsExactly("file.bin");
  }

  @Test
  void brokenConnectionIsResumed() throws IOException {
    answers.add(cut("\"v1\"", 60_000));
    answers.add(rest("\"v1\""));

    download().expecting(Checksum.sha256(sha256())).run();

    assertThat(target).hasBinaryContent(CONTENT);
    assertThat(requests).hasSize(2);
    assertThat(requests.get(1)).matches("bytes=[1-9]\\d*- \"v1\"");
    assertThat(files()).containsExactly("file.bin");
  }

  @Test
  void laterRunResumesTheDownload() throws IOException {
    answers.add(cut("\"v1\"", 60_000));
    assertThatThrownBy(() -> download().within(QUICK.withTries(1)).run())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("cannot download " + uri() + ": ")
        .hasMessageEndingWith("; run it again to resume where it stopped");
    assertThat(files()).containsExactlyInAnyOrder("file.bin.part", "file.bin.part.version");

    answers.add(rest("\"v1\""));
    download().run();

    assertThat(target).hasBinaryContent(CONTENT);
  }

  @Test
  void serverThatIgnoresRangeRestartsTheDownload() throws IOException {
    answers.add(cut("\"v1\"", 60_000));
    answers.add(whole("\"v2\""));

    download().run();

    assertThat(target).hasBinaryContent(CONTENT);
  }

  @Test
  void withoutAVersionTheDownloadRestarts() throws IOException {
    answers.add(cut("", 60_000));
    answers.add(whole(""));

    download().run();

    assertThat(target).hasBinaryContent(CONTENT);
    assertThat(requests.get(1)).isEqualTo("null null");
  }

  @Test
  void responseFromAnotherOffsetIsDiscarded() throws IOException {
    answers.add(cut("\"v1\"", 60_000));
    answers.add(
        exchange -> {
          exchange.getResponseHeaders().add("Content-Range", "bytes 5-9/10");
          exchange.sendResponseHeaders(206, 5);
          exchange.getResponseBody().write(new byte[5]);
        });
    answers.add(whole("\"v1\""));

    download().run();

    assertThat(target).hasBinaryContent(CONTENT);
    assertThat(requests.get(2)).isEqualTo("null null");
  }

  @Test
  void serverErrorIsRetried() throws IOException {
    answers.add(status(500));
    answers.add(status(503));
    answers.add(whole("\"v1\""));

    download().run();

    assertThat(target).hasBinaryContent(CONTENT);
  }

  @Test
  void missingFileIsNotRetried() {
    answers.add(status(404));

    assertThatThrownBy(() -> download().run())
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith("HTTP 404");
    assertThat(requests).hasSize(1);
  }

  @Test
  void wrongChecksumNamesBothDigestsAndLeavesNoFile() throws IOException {
    answers.add(whole("\"v1\""));

    assertThatThrownBy(() -> download().expecting(Checksum.sha256("00ff")).run())
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("expected SHA-256 00ff, found " + sha256());
    assertThat(files()).isEmpty();
  }

  @Test
  void stalledConnectionTimesOut() {
    for (int i = 0; i < QUICK.tries(); i++) {
      answers.add(
          exchange -> {
            exchange.sendResponseHeaders(200, CONTENT.length);
            exchange.getResponseBody().write(CONTENT, 0, 10);
            exchange.getResponseBody().flush();
            sleep(3000);
          });
    }

    assertThatThrownBy(() -> download().run())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("nothing arrived for 0.4 s, 3 times");
  }

  @Test
  void serverThatSendsAByteNowAndThenIsGivenUp() throws IOException {
    for (int i = 0; i < QUICK.tries(); i++) {
      answers.add(
          exchange -> {
            exchange.sendResponseHeaders(200, CONTENT.length);
            for (int n = 0; n < 60; n++) {
              exchange.getResponseBody().write(CONTENT, n, 1);
              exchange.getResponseBody().flush();
              sleep(50);
            }
          });
    }

    assertThatThrownBy(() -> download().run())
        .isInstanceOf(UserError.class)
        .hasMessageMatching(
            "(?s).*: \\d+ bytes in 0\\.\\d s, less than 1,000 bytes/s, 3 times; run it again.*");
  }

  @Test
  void slowButSteadyServerIsWaitedFor() throws IOException {
    answers.add(
        exchange -> {
          exchange.sendResponseHeaders(200, CONTENT.length);
          int step = CONTENT.length / 12 + 1;
          for (int from = 0; from < CONTENT.length; from += step) {
            exchange.getResponseBody().write(CONTENT, from, Math.min(step, CONTENT.length - from));
            exchange.getResponseBody().flush();
            sleep(100);
          }
        });

    assertThat(download().run()).hasBinaryContent(CONTENT);
  }

  @Test
  void refusedConnectionIsReported() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    URI closed = URI.create("http://127.0.0.1:" + port + "/file");

    assertThatThrownBy(() -> Download.of(closed, target).within(QUICK).run())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no connection, 3 times");
  }

  /** RFC 2606 reserves the name, so it never exists. */
  @Test
  void unknownHostIsReportedAtOnce() {
    URI nowhere = URI.create("http://nowhere.invalid/file");

    assertThatThrownBy(() -> Download.of(nowhere, target).run())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no address found for nowhere.invalid");
  }

  private Download download() {
    return Download.of(uri(), target).within(QUICK);
  }

  private URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/file.bin");
  }

  private void handle(HttpExchange exchange) throws IOException {
    Answer answer;
    synchronized (this) {
      requests.add(
          exchange.getRequestHeaders().getFirst("Range")
              + " "
              + exchange.getRequestHeaders().getFirst("If-Range"));
      answer = answers.remove();
    }
    try (exchange) {
      answer.to(exchange);
    }
  }

  private static Answer whole(String tag) {
    return exchange -> {
      send(exchange, 200, tag, CONTENT.length);
      exchange.getResponseBody().write(CONTENT);
    };
  }

  /** Announces the whole file, sends a part, and closes the connection. */
  private static Answer cut(String tag, int sent) {
    return exchange -> {
      send(exchange, 200, tag, CONTENT.length);
      OutputStream body = exchange.getResponseBody();
      body.write(CONTENT, 0, sent);
      body.flush();
      sleep(100); // so that the bytes arrive before the end of the connection
      throw new IOException("cut on purpose");
    };
  }

  private static Answer rest(String tag) {
    return exchange -> {
      String range = exchange.getRequestHeaders().getFirst("Range");
      int from = Integer.parseInt(range.replaceAll("\\D", ""));
      exchange
          .getResponseHeaders()
          .add(
              "Content-Range",
              "bytes %d-%d/%d".formatted(from, CONTENT.length - 1, CONTENT.length));
      send(exchange, 206, tag, CONTENT.length - from);
      exchange.getResponseBody().write(CONTENT, from, CONTENT.length - from);
    };
  }

  private static Answer status(int status) {
    return exchange -> exchange.sendResponseHeaders(status, -1);
  }

  private static void send(HttpExchange exchange, int status, String tag, int length)
      throws IOException {
    if (!tag.isEmpty()) {
      exchange.getResponseHeaders().add("ETag", tag);
    }
    exchange.sendResponseHeaders(status, length);
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(dir.resolve("new"))) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }

  private String sha256() throws IOException {
    return Checksum.sha256("").of(Files.write(dir.resolve("content"), CONTENT));
  }

  private static byte[] content() {
    byte[] content = new byte[200_000];
    new Random(1).nextBytes(content);
    System.arraycopy("head".getBytes(UTF_8), 0, content, 0, 4);
    return content;
  }
}
