package dev.lora4j.io.download;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The body of an HTTP response, read piece by piece with a timeout for each piece; the HTTP client
 * itself limits only the time until the headers. Closing it abandons the rest.
 */
public final class HttpChunks implements Flow.Subscriber<List<ByteBuffer>>, AutoCloseable {
  private sealed interface Event {}

  private record Piece(List<ByteBuffer> bytes) implements Event {}

  private record End() implements Event {}

  private record Failure(Throwable cause) implements Event {}

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final CountDownLatch subscribed = new CountDownLatch(1);
  private volatile Flow.Subscription subscription =
      new Flow.Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
      };

  /** Subscribes to a body, whose bytes arrive on request. */
  public HttpChunks(Flow.Publisher<List<ByteBuffer>> body) {
    body.subscribe(this);
  }

  /**
   * Returns the next bytes in order; an empty list at the end.
   *
   * @throws IOException when nothing arrives within the limit, or the connection breaks
   */
  public List<ByteBuffer> next(Duration limit) throws IOException {
    try {
      if (!subscribed.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw stalled(limit);
      }
      subscription.request(1);
      Event event = events.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
      if (event == null) {
        throw stalled(limit);
      } else if (event instanceof Piece piece) {
        return piece.bytes();
      } else if (event instanceof Failure failure) {
        throw new IOException(failure.cause().getMessage(), failure.cause());
      }
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static IOException stalled(Duration limit) {
    return new IOException("nothing arrived for " + limit.toMillis() / 1000.0 + " s");
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    subscribed.countDown();
  }

  @Override
  public void onNext(List<ByteBuffer> bytes) {
    events.add(new Piece(bytes));
  }

  @Override
  public void onError(Throwable cause) {
    events.add(new Failure(cause));
  }

  @Override
  public void onComplete() {
    events.add(new End());
  }

  @Override
  public void close() {
    subscription.cancel();
  }
}
