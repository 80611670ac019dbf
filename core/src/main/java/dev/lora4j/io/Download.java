package dev.lora4j.io;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Flow;

/**
 * Fetches a file over HTTP. The file appears under its name only when it is whole and its checksum
 * is right; what arrived before a connection broke, even in an earlier run, is kept beside it and
 * not fetched again if the server still has the same version.
 *
 * <pre>{@code
 * Download.of(uri, path).expecting(Checksum.md5("c32a1d…")).run();
 * }</pre>
 *
 * @param source where from
 * @param target where to
 * @param checksum what the file must have, if that is known
 * @param limits how often and how long to try
 * @param progress who wants to know how far it is
 */
public record Download(
    URI source, Path target, Optional<Checksum> checksum, Limits limits, Progress progress) {

  /** Is told how far a download is. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Called after each piece that arrived.
     *
     * @param bytes so far
     * @param total of the whole file, empty where the server does not say
     */
    void at(long bytes, OptionalLong total);
  }

  /**
   * How often and how long to try.
   *
   * @param tries before giving up, at least 1
   * @param connect for the connection
   * @param stall for the answer, and then for each piece of it
   * @param backOff before the second try; doubled before each further one
   */
  public record Limits(int tries, Duration connect, Duration stall, Duration backOff) {
    /** Four tries, 3 s to connect, 20 s without a byte, pauses from half a second on. */
    public static final Limits USUAL =
        new Limits(4, Duration.ofSeconds(3), Duration.ofSeconds(20), Duration.ofMillis(500));

    /** The same limits with another number of tries. */
    public Limits withTries(int count) {
      return new Limits(count, connect, stall, backOff);
    }
  }

  /** A download with the usual limits. */
  public static Download of(URI source, Path target) {
    return new Download(source, target, Optional.empty(), Limits.USUAL, (bytes, total) -> {});
  }

  /** The same download, whose result must have this checksum. */
  public Download expecting(Checksum expected) {
    return new Download(source, target, Optional.of(expected), limits, progress);
  }

  /** The same download within other limits. */
  public Download within(Limits other) {
    return new Download(source, target, checksum, other, progress);
  }

  /** The same download, which tells how far it is. */
  public Download telling(Progress listener) {
    return new Download(source, target, checksum, limits, listener);
  }

  /**
   * Fetches the file and returns where it is.
   *
   * @throws UserError when it cannot be had: no network, no such file, no space
   * @throws CorruptFile when the checksum is wrong; what arrived is deleted
   */
  public Path run() {
    PartFile part = PartFile.of(target);
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(limits.connect())
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();
    try {
      HostLookup.check(source, limits.connect());
      Path parent = part.bytes().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
    } catch (UnknownHostException e) {
      throw unreachable(e);
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
    fetchWithRetries(client, part);
    verify(part);
    return target;
  }

  private void fetchWithRetries(HttpClient client, PartFile part) {
    for (int attempt = 1; ; attempt++) {
      try {
        fetchRest(client, part);
        return;
      } catch (IOException e) {
        if (isUnknownHost(e)) {
          throw unreachable(e);
        }
        if (e instanceof FileSystemException) {
          throw AtomicFile.explained(target, e);
        }
        if (attempt >= limits.tries() || Thread.currentThread().isInterrupted()) {
          throw new UserError(
              "cannot download "
                  + source
                  + " after "
                  + attempt
                  + " tries: "
                  + reason(e)
                  + "; run it again to go on from where it stopped",
              e);
        }
        pause(limits.backOff().multipliedBy(1L << Math.min(attempt - 1, 10)));
      }
    }
  }

  private void fetchRest(HttpClient client, PartFile part) throws IOException {
    long have = part.usable();
    HttpRequest.Builder request = HttpRequest.newBuilder(source).timeout(limits.stall());
    if (have > 0) {
      request.header("Range", "bytes=" + have + "-").header("If-Range", part.readVersion());
    }
    HttpResponse<Flow.Publisher<List<ByteBuffer>>> response = send(client, request.build());
    try (HttpChunks chunks = new HttpChunks(response.body())) {
      int status = response.statusCode();
      if (status == 206 && continuesAt(response, have)) {
        store(chunks, part, have, length(response, have));
      } else if (status == 200) {
        part.restart(version(response));
        store(chunks, part, 0, length(response, 0));
      } else if (status == 206 || status == 416) {
        part.delete(); // its end is not where the server's rest begins
        throw new IOException("the server's file has changed");
      } else if (status >= 500 || status == 408 || status == 429) {
        throw new IOException("HTTP " + status);
      } else {
        throw new UserError("cannot download " + source + ": HTTP " + status);
      }
    }
  }

  private static HttpResponse<Flow.Publisher<List<ByteBuffer>>> send(
      HttpClient client, HttpRequest request) throws IOException {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofPublisher());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void store(HttpChunks chunks, PartFile part, long have, OptionalLong total)
      throws IOException {
    long done = have;
    try (FileChannel out = part.append()) {
      for (List<ByteBuffer> pieces = chunks.next(limits.stall());
          !pieces.isEmpty();
          pieces = chunks.next(limits.stall())) {
        for (ByteBuffer piece : pieces) {
          done += piece.remaining();
          write(out, piece);
        }
        progress.at(done, total);
      }
    }
    if (total.isPresent() && done != total.getAsLong()) {
      throw new IOException("expected " + total.getAsLong() + " bytes, found " + done);
    }
  }

  /** A disk that refuses is no reason to try again. */
  private void write(FileChannel out, ByteBuffer piece) {
    try {
      while (piece.hasRemaining()) {
        out.write(piece);
      }
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  private void verify(PartFile part) {
    try {
      if (checksum.isPresent()) {
        Checksum expected = checksum.get();
        String found = expected.of(part.bytes());
        if (!found.equals(expected.hex())) {
          part.delete();
          throw new CorruptFile(
              target,
              "download of "
                  + source
                  + ": expected "
                  + expected.algorithm()
                  + " "
                  + expected.hex()
                  + ", found "
                  + found
                  + "; it was deleted, try again");
        }
      }
      part.finish(target);
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  private static boolean continuesAt(HttpResponse<?> response, long have) {
    return response
        .headers()
        .firstValue("Content-Range")
        .filter(range -> range.startsWith("bytes " + have + "-"))
        .isPresent();
  }

  private static OptionalLong length(HttpResponse<?> response, long have) {
    OptionalLong rest = response.headers().firstValueAsLong("Content-Length");
    return rest.isPresent() ? OptionalLong.of(have + rest.getAsLong()) : rest;
  }

  /** A mark that is good for If-Range: a strong entity tag, else the date. */
  private static String version(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("ETag")
        .filter(tag -> !tag.startsWith("W/"))
        .or(() -> response.headers().firstValue("Last-Modified"))
        .orElse("");
  }

  private static boolean isUnknownHost(IOException e) {
    return e instanceof UnknownHostException
        || (e instanceof ConnectException && e.getCause() instanceof UnresolvedAddressException)
        || (e.getCause() != null && e.getCause().getCause() instanceof UnresolvedAddressException);
  }

  private UserError unreachable(IOException e) {
    return new UserError(
        "cannot download "
            + source
            + ": no address found for "
            + source.getHost()
            + "; is there a network?",
        e);
  }

  private static String reason(IOException e) {
    if (e instanceof HttpConnectTimeoutException) {
      return "no connection within the time limit";
    }
    if (e instanceof ConnectException) {
      return "no connection";
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
