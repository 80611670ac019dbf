package dev.lora4j.io.download;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The body of an HTTP response, read piece by piece with a timeout for each piece and a minimum
 * rate; the HTTP client itself limits only the time until the headers. Closing it abandons the
 * rest.
 */
public final class HttpChunks implements Flow.Subscriber<List<ByteBuffer>>, AutoCloseable {
  private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
  private final BlockingQueue<CompletableFuture<List<ByteBuffer>>> pieces =
      new LinkedBlockingQueue<>();

  private final MinimumRate rate = new MinimumRate();

  /** Subscribes to a body, whose bytes arrive on request. */
  public HttpChunks(Flow.Publisher<List<ByteBuffer>> body) {
    body.subscribe(this);
  }

  /**
   * Returns the next bytes in order; an empty list at the end.
   *
   * @param limit the longest time without a byte, and the window of the minimum rate
   * @throws IOException when nothing or too little arrives within the limit, or the connection
   *     breaks
   */
  public List<ByteBuffer> next(Duration limit) throws IOException {
    try {
      subscription.get(limit.toMillis(), TimeUnit.MILLISECONDS).request(1);
      CompletableFuture<List<ByteBuffer>> piece =
          pieces.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
      if (piece == null) {
        throw new TimeoutException();
      }
      List<ByteBuffer> bytes = piece.get();
      rate.check(bytes, limit);
      return bytes;
    } catch (TimeoutException e) {
      throw new IOException("nothing arrived for " + limit.toMillis() / 1000.0 + " s", e);
    } catch (ExecutionException e) {
      throw new IOException(requireNonNull(e.getCause()).getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription.complete(given);
  }

  @Override
  public void onNext(List<ByteBuffer> bytes) {
    pieces.add(CompletableFuture.completedFuture(bytes));
  }

  @Override
  public void onError(Throwable cause) {
    pieces.add(CompletableFuture.failedFuture(cause));
  }

  @Override
  public void onComplete() {
    pieces.add(CompletableFuture.completedFuture(List.of()));
  }

  @Override
  public void close() {
    var unused = subscription.thenAccept(Flow.Subscription::cancel);
  }
}
