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

/** The body of an HTTP response, read piece by piece with a timeout for each; close abandons it. */
public final class HttpChunks implements Flow.Subscriber<List<ByteBuffer>>, AutoCloseable {
  private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
  private final BlockingQueue<CompletableFuture<List<ByteBuffer>>> pieces =
      new LinkedBlockingQueue<>();

  /** Subscribes to a body, whose bytes arrive on request. */
  public HttpChunks(Flow.Publisher<List<ByteBuffer>> body) {
    body.subscribe(this);
  }

  /** Returns the next bytes in order, an empty list at the end; nothing in time is an error. */
  public List<ByteBuffer> next(Duration limit) throws IOException {
    try {
      subscription.get(limit.toMillis(), TimeUnit.MILLISECONDS).request(1);
      CompletableFuture<List<ByteBuffer>> piece =
          pieces.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
      if (piece == null) {
        throw new TimeoutException();
      }
      return piece.get();
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
