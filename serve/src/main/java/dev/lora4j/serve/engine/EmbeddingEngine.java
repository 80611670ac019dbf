package dev.lora4j.serve.engine;

import dev.lora4j.UserError;
import dev.lora4j.llm.embedding.TextEmbedder;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Embeds texts on a thread of its own, in turn with the completions. Each worker embeds one text at
 * a time, so that an embedding does not depend on the other texts.
 */
public final class EmbeddingEngine implements AutoCloseable {
  private static final String SHUTTING_DOWN = "the server is shutting down";

  private final ServedModel served;
  private final EngineContext context;
  private final int threads;
  private final ThreadPoolExecutor requests;
  private volatile boolean closed;

  /**
   * Texts to embed.
   *
   * @param adapter the adapter, of which the computation has a lease of its own
   * @param texts token ids of each text
   * @param dimensions number of components
   */
  public record Request(AdapterLease adapter, List<int[]> texts, int dimensions) {
    public Request {
      texts = List.copyOf(texts);
    }
  }

  EmbeddingEngine(ServedModel served, ServingLimits limits, EngineContext context) {
    this.served = served;
    this.context = context;
    threads = limits.threads();
    requests =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.MINUTES,
            new ArrayBlockingQueue<>(limits.maxQueue()),
            new DaemonThreads("lora4j-embedding"));
    requests.allowCoreThreadTimeOut(true);
  }

  /**
   * Returns the embedder of the base model.
   *
   * @throws UserError if it is no embedding model
   */
  public TextEmbedder embedder() {
    return served
        .network()
        .embedder()
        .orElseThrow(
            () ->
                new UserError(
                    served.name()
                        + " is no embedding model: its directory has no modules.json of"
                        + " sentence-transformers, which names the pooling"));
  }

  /**
   * Queues texts. The computation ends early if the future is cancelled.
   *
   * @return the embeddings in the order of the texts
   * @throws QueueFull if too many requests wait
   */
  public CompletableFuture<List<float[]>> submit(TextEmbedder embedder, Request request) {
    CompletableFuture<List<float[]>> embeddings = new CompletableFuture<>();
    AdapterLease lease = request.adapter().again(); // a cancelled request may end its own first
    try {
      requests.execute(() -> answer(embedder, request, embeddings, lease));
    } catch (RejectedExecutionException e) {
      lease.close();
      throw closed
          ? new IllegalStateException(SHUTTING_DOWN)
          : QueueFull.ofRequests(requests.getQueue().size());
    }
    return embeddings;
  }

  private void answer(
      TextEmbedder embedder,
      Request request,
      CompletableFuture<List<float[]>> embeddings,
      AdapterLease lease) {
    try (lease;
        Workers workers = new Workers(Math.min(threads, request.texts().size()))) {
      List<float[]> done = new ArrayList<>();
      while (done.size() < request.texts().size()) {
        if (embeddings.isCancelled()) {
          throw new CancellationException();
        }
        if (closed) {
          throw new IllegalStateException(SHUTTING_DOWN);
        }
        done.addAll(round(embedder, request, done.size(), workers));
      }
      embeddings.complete(done);
    } catch (RuntimeException | VirtualMachineError e) {
      embeddings.completeExceptionally(e);
    }
  }

  /** Embeds as many texts as there are workers. */
  private List<float[]> round(TextEmbedder embedder, Request request, int from, Workers workers) {
    int count = Math.min(workers.count(), request.texts().size() - from);
    float[][] embeddings = new float[count][];
    try (EngineContext.Turn turn = context.turn()) {
      workers.run(
          worker -> {
            if (worker < count) {
              embeddings[worker] = embed(embedder, request, from + worker);
            }
          });
    }
    return Arrays.asList(embeddings);
  }

  private float[] embed(TextEmbedder embedder, Request request, int text) {
    try (AdapterScope active = served.network().using(request.adapter().version().loaded())) {
      return embedder.embed(request.texts().get(text), request.dimensions());
    }
  }

  /** Ends the requests that wait or run, each after the texts that it computes. */
  @Override
  public void close() {
    closed = true;
    requests.shutdown();
    Uninterrupted.await(() -> requests.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS));
  }
}
