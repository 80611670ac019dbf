package dev.lora4j.io.download;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/**
 * The minimum rate of a response body, so that a server that sends a byte now and then does not
 * stall a download forever. {@code -Dlora4j.download.min-rate=BYTES} sets the bytes per second; 0
 * disables the check.
 */
final class MinimumRate {
  private static final long BYTES_PER_SECOND = Long.getLong("lora4j.download.min-rate", 1000);

  private long start = System.nanoTime();
  private long bytes;

  /** The failure of a server that sends too slowly; the bytes received do not count as progress. */
  static final class TooSlow extends IOException {
    private static final long serialVersionUID = 1;

    private TooSlow(String message) {
      super(message);
    }
  }

  /** Counts a piece and, at the end of a window, compares the rate with the minimum. */
  void check(List<ByteBuffer> piece, Duration window) throws TooSlow {
    bytes += piece.stream().mapToLong(ByteBuffer::remaining).sum();
    long nanos = System.nanoTime() - start;
    if (piece.isEmpty() || nanos < window.toNanos()) {
      return;
    }
    double seconds = nanos / 1e9;
    if (bytes < BYTES_PER_SECOND * seconds) {
      throw new TooSlow(
          "%,d bytes in %.1f s, less than %,d bytes/s".formatted(bytes, seconds, BYTES_PER_SECOND));
    }
    bytes = 0;
    start = System.nanoTime();
  }
}
