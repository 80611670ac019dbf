package dev.lora4j.io.download;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Downloads a file over HTTP, resuming where an earlier attempt stopped, even in an earlier run.
 * The file appears under its name only when it is complete and its checksum is right: {@code
 * Download.of(uri, path).expecting(Checksum.md5("c32a1d…")).run()}.
 *
 * @param part the part file, if its name identifies the content; empty for {@code NAME.part}, whose
 *     bytes are used only while the server has the same version
 * @param size the expected size in bytes, if it is known before the server answers
 */
public record Download(
    Source source,
    Path target,
    Optional<Path> part,
    Optional<Checksum> checksum,
    OptionalLong size,
    Limits limits,
    Progress progress) {
  private static final long MAX_UNKNOWN_SIZE = 50_000_000_000L;

  /** The server's side of a download. */
  public interface Source {
    /** Returns the name that messages use. */
    String name();

    /**
     * Requests the bytes of the file.
     *
     * @param from the first byte
     * @param version the version that the file must still have, as in {@code If-Range}; empty for
     *     any
     * @return an answer of status 200, 206 or 416
     * @throws UserError when trying again is useless
     */
    HttpAnswer open(long from, String version, Limits limits) throws IOException;
  }

  /** Receives the number of bytes so far, and the total if the server reports it. */
  @FunctionalInterface
  public interface Progress {
    void at(long bytes, OptionalLong total);
  }

  /**
   * Retries and timeouts.
   *
   * @param tries attempts without progress before giving up, at least 1
   * @param connect the timeout of a connection
   * @param stall the longest time without a byte, and the window of the minimum rate
   * @param backOff the pause before the second attempt; doubled before each further one
   */
  public record Limits(int tries, Duration connect, Duration stall, Duration backOff) {
    /** Four attempts, 3 s to connect, 20 s without a byte, pauses from 0.5 s. */
    public static final Limits USUAL =
        new Limits(4, Duration.ofSeconds(3), Duration.ofSeconds(20), Duration.ofMillis(500));

    public Limits withTries(int count) {
      return new Limits(count, connect, stall, backOff);
    }
  }

  /** Returns a download of a public address with the usual limits. */
  public static Download of(URI uri, Path target) {
    return of(new UrlSource(uri), target);
  }

  public static Download of(Source source, Path target) {
    return new Download(
        source,
        target,
        Optional.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        Limits.USUAL,
        (bytes, total) -> {});
  }

  /** Returns the same download, whose result must have this checksum. */
  public Download expecting(Checksum expected) {
    return new Download(source, target, part, Optional.of(expected), size, limits, progress);
  }

  /** Returns the same download of a file of known size. */
  public Download ofSize(OptionalLong bytes) {
    return new Download(source, target, part, checksum, bytes, limits, progress);
  }

  /** Returns the same download with a part file whose name identifies the content. */
  public Download withPart(Path file) {
    return new Download(source, target, Optional.of(file), checksum, size, limits, progress);
  }

  public Download within(Limits other) {
    return new Download(source, target, part, checksum, size, other, progress);
  }

  public Download telling(Progress listener) {
    return new Download(source, target, part, checksum, size, limits, listener);
  }

  /**
   * Downloads the file and returns its path.
   *
   * @throws UserError when the network, the server or the disk refuses
   * @throws CorruptFile when the checksum or the size is wrong; what arrived is deleted
   */
  public Path run() {
    PartFile kept = part.map(PartFile::identified).orElseGet(() -> PartFile.of(target));
    try {
      kept.prepare();
      if (part.isPresent() && checksum.isEmpty()) {
        kept.delete(); // nothing could tell whether the rest belongs to it
      }
      boolean resumed = fetch(kept);
      Optional<String> wrong = wrongChecksum(kept);
      if (wrong.isPresent() && resumed) {
        kept.delete(); // the bytes of the earlier attempt may be to blame
        fetch(kept);
        wrong = wrongChecksum(kept);
      }
      if (wrong.isPresent()) {
        throw corrupt(kept, wrong.get() + "; it was deleted, try again");
      }
      kept.finish(target);
      return target;
    } catch (HostUnreachable e) {
      throw e.cannotDownload(source.name());
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  /** Returns whether the result contains bytes of an earlier attempt. */
  private boolean fetch(PartFile kept) throws IOException {
    Retries retries = new Retries(limits);
    long most = kept.usable(size);
    while (true) {
      try {
        return fetchRest(kept, kept.usable(size));
      } catch (FileSystemException e) {
        throw e;
      } catch (IOException e) {
        // More than ever before, as a server without ranges may start again each time.
        if (kept.usable(size) > most && !(e instanceof MinimumRate.TooSlow)) {
          retries.progressed();
        }
        most = Math.max(most, kept.usable(size));
        retries.failed(e);
      }
    }
  }

  private boolean fetchRest(PartFile kept, long have) throws IOException {
    if (have > 0 && size.equals(OptionalLong.of(have))) {
      return true;
    }
    String version = have > 0 ? kept.readVersion() : "";
    try (HttpAnswer answer = source.open(have, version, limits)) {
      boolean resumed = answer.status() == 206 && answer.continuesAt(have);
      if (!resumed && answer.status() != 200) {
        kept.delete(); // its end is not where the server's rest begins
        throw new IOException("the server does not continue from byte " + have);
      }
      if (!resumed) {
        kept.restart(answer.version());
      }
      store(answer, kept, resumed ? have : 0);
      return resumed && have > 0;
    }
  }

  private void store(HttpAnswer answer, PartFile kept, long from) throws IOException {
    OptionalLong total = size.isPresent() ? size : answer.end(from);
    long done = from;
    try (FileChannel out = kept.append()) {
      for (List<ByteBuffer> pieces = answer.body().next(limits.stall());
          !pieces.isEmpty();
          pieces = answer.body().next(limits.stall())) {
        for (ByteBuffer piece : pieces) {
          done += piece.remaining();
          checkNotLonger(kept, done, total);
          write(out, piece);
        }
        progress.at(done, total);
      }
    }
    if (total.isPresent() && done != total.getAsLong()) {
      throw new IOException("expected " + total.getAsLong() + " bytes, found " + done);
    }
  }

  private void checkNotLonger(PartFile kept, long done, OptionalLong total) throws IOException {
    if (done > total.orElse(MAX_UNKNOWN_SIZE)) {
      String most = (total.isPresent() ? "" : "at most ") + total.orElse(MAX_UNKNOWN_SIZE);
      throw corrupt(kept, "expected " + most + " bytes, found more; it was deleted");
    }
  }

  /** Writes to the disk; its refusal is no reason to try again. */
  private void write(FileChannel out, ByteBuffer piece) {
    try {
      AtomicFile.writeFully(out, piece);
    } catch (IOException e) {
      throw AtomicFile.explained(target, e);
    }
  }

  private Optional<String> wrongChecksum(PartFile kept) throws IOException {
    if (checksum.isEmpty()) {
      return Optional.empty();
    }
    Checksum expected = checksum.get();
    String found = expected.of(kept.bytes());
    return found.equals(expected.hex())
        ? Optional.empty()
        : Optional.of(
            "expected %s %s, found %s".formatted(expected.algorithm(), expected.hex(), found));
  }

  private CorruptFile corrupt(PartFile kept, String problem) throws IOException {
    kept.delete();
    return new CorruptFile(target, "download of " + source.name() + ": " + problem);
  }

  /** A public address as the source of a download; redirects are followed. */
  private record UrlSource(URI uri) implements Source {

    @Override
    public String name() {
      return uri.toString();
    }

    @Override
    public HttpAnswer open(long from, String version, Limits limits) throws IOException {
      HostLookup.check(uri, limits.connect());
      HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(limits.stall());
      if (from > 0) {
        request.header("Range", "bytes=" + from + "-").header("If-Range", version);
      }
      HttpClient client =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .connectTimeout(limits.connect())
              .followRedirects(HttpClient.Redirect.NORMAL)
              .build();
      HttpAnswer answer = HttpAnswer.send(client, request.build());
      if (answer.status() != 200 && answer.status() != 206 && answer.status() != 416) {
        answer.close();
        throw new UserError("cannot download " + uri + ": HTTP " + answer.status());
      }
      return answer;
    }
  }
}
