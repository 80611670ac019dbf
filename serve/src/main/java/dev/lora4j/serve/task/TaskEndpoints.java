package dev.lora4j.serve.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.embedding.RankedDocument;
import dev.lora4j.llm.embedding.Reranker;
import dev.lora4j.llm.embedding.RerankingOptions;
import dev.lora4j.llm.embedding.TextPair;
import dev.lora4j.llm.task.predict.Prediction;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.serve.http.ApiException;
import dev.lora4j.serve.http.Exchange;
import dev.lora4j.serve.http.Json;
import dev.lora4j.serve.http.Params;
import dev.lora4j.serve.http.Route;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** {@code /classify} and {@code /rerank}, as vLLM has them. Requests are computed in turn. */
public final class TaskEndpoints implements AutoCloseable {
  private static final int MAX_TEXTS = 2048;
  private static final InputLimit LIMIT = new InputLimit(300_000);
  private static final String INPUT = "input";
  private static final String DOCUMENTS = "documents";
  private static final long CLOSE_SECONDS = 10;

  private final TaskAdapters tasks;
  private final int maxQueue;
  private final Semaphore turn = new Semaphore(1, true);
  private volatile boolean closed;

  /**
   * @param tasks freed by {@link #close}
   * @param maxQueue number of requests that may wait
   */
  public TaskEndpoints(TaskAdapters tasks, int maxQueue) {
    this.tasks = tasks;
    this.maxQueue = maxQueue;
  }

  public List<Route> routes() {
    return List.of(Route.post("/classify", this::classify), Route.post("/rerank", this::rerank));
  }

  /** Names of the classifiers and rerankers. */
  public Set<String> names() {
    return tasks.names();
  }

  private <T> T inTurn(Supplier<T> computation) {
    if (turn.getQueueLength() >= maxQueue) {
      throw new ApiException(
          429,
          "rate_limit_error",
          "too many requests wait: " + maxQueue,
          null,
          "rate_limit_exceeded");
    }
    turn.acquireUninterruptibly();
    try {
      if (closed) {
        throw new ApiException(503, "server_error", "the server is stopping", null, null);
      }
      return computation.get();
    } finally {
      turn.release();
    }
  }

  /** Waits for the request in its turn, and frees the models. One that takes long keeps them. */
  @Override
  public void close() {
    closed = true;
    boolean free = false;
    try {
      free = turn.tryAcquire(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (free) {
      tasks.close();
    }
  }

  // ---- classification ----

  private void classify(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    params.required(INPUT);
    List<String> texts = params.texts(INPUT, MAX_TEXTS);
    if (texts.isEmpty()) {
      throw ApiException.invalid(INPUT, "input: expected a text or a list of texts, found none");
    }
    exchange.send(200, inTurn(() -> classes(tasks.classifier(model), model, texts)));
  }

  private static ObjectNode classes(TextClassifier classifier, String model, List<String> texts) {
    List<String> labels = classifier.labels(model);
    List<TextClassifier.Request> requests =
        texts.stream().map(text -> TextClassifier.Request.of(model, text)).toList();
    LIMIT.require(INPUT, texts, () -> classifier.countTokens(requests));
    List<Prediction> predictions = classifier.classify(requests);
    ObjectNode answer = Json.object().put("id", "classify-" + UUID.randomUUID());
    answer.put("object", "list").put("created", Instant.now().getEpochSecond()).put("model", model);
    ArrayNode names = answer.putArray("labels");
    labels.forEach(names::add);
    ArrayNode data = answer.putArray("data");
    for (int i = 0; i < predictions.size(); i++) {
      Prediction prediction = predictions.get(i);
      ObjectNode entry = data.addObject().put("index", i).put("label", prediction.label());
      ArrayNode probs = entry.putArray("probs");
      for (float probability : prediction.probabilities()) {
        probs.add(probability);
      }
      entry.put("num_classes", labels.size());
    }
    return answer;
  }

  // ---- reranking ----

  private void rerank(Exchange exchange) throws IOException {
    Params params = new Params(exchange.body());
    String model = params.requiredText("model");
    String query = params.requiredText("query");
    List<String> documents = documents(params.required(DOCUMENTS));
    int count =
        params.integer("top_n", 1, Integer.MAX_VALUE).map(Long::intValue).orElse(documents.size());
    List<RankedDocument> ranked = inTurn(() -> ranked(model, query, documents));
    ObjectNode answer = Json.object().put("id", "rerank-" + UUID.randomUUID()).put("model", model);
    ArrayNode results = answer.putArray("results");
    for (RankedDocument one : ranked.subList(0, Math.min(count, ranked.size()))) {
      ObjectNode entry = results.addObject().put("index", one.index());
      entry.putObject("document").put("text", one.document());
      entry.put("relevance_score", one.score());
    }
    exchange.send(200, answer);
  }

  private List<RankedDocument> ranked(String model, String query, List<String> documents) {
    TaskAdapters.Chosen chosen = tasks.chosenReranker(model);
    RerankingOptions options =
        RerankingOptions.standard().adapters(chosen.adapter().stream().toArray(String[]::new));
    Reranker reranker = chosen.reranker();
    List<TextPair> pairs = documents.stream().map(text -> new TextPair(query, text)).toList();
    LIMIT.require(
        DOCUMENTS,
        pairs.stream().map(pair -> pair.query() + pair.document()).toList(),
        () -> reranker.countTokens(pairs, options));
    return reranker.rank(query, documents, options);
  }

  /** Reads texts, or objects with a {@code text}. */
  private static List<String> documents(JsonNode given) {
    if (!given.isArray() || given.isEmpty() || given.size() > MAX_TEXTS) {
      throw ApiException.invalid(
          DOCUMENTS, "documents: expected a list of 1 to %d texts".formatted(MAX_TEXTS));
    }
    List<String> documents = new ArrayList<>();
    for (JsonNode one : given) {
      JsonNode text = one.isObject() ? one.path("text") : one;
      if (!text.isTextual()) {
        throw Params.wrong(DOCUMENTS, "texts, or objects with a text", one);
      }
      documents.add(text.textValue());
    }
    return documents;
  }
}
