package dev.lora4j.bench;

import dev.lora4j.bench.StreamedCompletion.Request;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Requests sent to a server by several clients, each of which waits for its answer. */
final class ConcurrentLoad {

  /** The completions, in the order of the requests, and the seconds that all of them took. */
  record Result(List<StreamedCompletion> completions, double seconds) {

    double tokensPerSecond() {
      return completions.stream().mapToInt(StreamedCompletion::tokens).sum() / seconds;
    }

    /** Returns a quantile of all these values of the completions. */
    double quantile(Function<StreamedCompletion, List<Double>> values, double share) {
      double[] sorted =
          completions.stream()
              .flatMap(completion -> values.apply(completion).stream())
              .mapToDouble(Double::doubleValue)
              .sorted()
              .toArray();
      return sorted[(int) Math.min(sorted.length - 1L, Math.round(share * (sorted.length - 1)))];
    }
  }

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI server;

  ConcurrentLoad(URI server) {
    this.server = server;
  }

  StreamedCompletion one(Request request) throws InterruptedException {
    return run(1, List.of(request)).completions().get(0);
  }

  Result run(int clients, List<Request> requests) throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    long start = System.nanoTime();
    try {
      List<Callable<StreamedCompletion>> tasks = new ArrayList<>();
      requests.forEach(
          request -> tasks.add(() -> StreamedCompletion.receive(client, server, request)));
      List<StreamedCompletion> completions = new ArrayList<>();
      for (Future<StreamedCompletion> future : threads.invokeAll(tasks)) {
        completions.add(future.get());
      }
      return new Result(completions, (System.nanoTime() - start) / 1e9);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }
}
