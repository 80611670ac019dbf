package dev.lora4j.llm.task.predict;

import dev.lora4j.UserError;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.HubListener;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskTokenizer;
import dev.lora4j.llm.task.score.Probabilities;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Classifies texts with adapters on one base: each adapter is a classifier with its own labels, and
 * one batch may use many of them.
 *
 * <pre>{@code
 * try (TextClassifier classifier = TextClassifier.open(Path.of("all-MiniLM-L6-v2"))) {
 *   classifier.load("acme", Path.of("acme-tickets"));
 *   classifier.load("globex", Path.of("globex-tickets"));
 *   Prediction one = classifier.classify("acme", "My card was charged twice");
 *   List<Prediction> both =
 *       classifier.classify(
 *           List.of(
 *               TextClassifier.Request.of("acme", "My card was charged twice"),
 *               TextClassifier.Request.of("globex", "The parcel never came")));
 * }
 * }</pre>
 *
 * <p>Several threads may classify at once, also while adapters are loaded and removed.
 */
public final class TextClassifier implements AutoCloseable {
  private static final int MAX_BATCH_TOKENS = 2048;

  private final ModelFiles files;
  private final WeightStorage storage;
  private final Workers workers;
  private Optional<AdaptedTask> loaded = Optional.empty(); // guarded by this

  /**
   * A text, or a pair of texts, with the adapter that classifies it.
   *
   * @param second the second text of a pair
   */
  public record Request(String adapter, String text, Optional<String> second) {

    /** A text. */
    public static Request of(String adapter, String text) {
      return new Request(adapter, text, Optional.empty());
    }

    /** A pair of texts. */
    public static Request of(String adapter, String first, String second) {
      return new Request(adapter, first, Optional.of(second));
    }
  }

  private TextClassifier(ModelFiles files, WeightStorage storage, int workers) {
    this.files = files;
    this.storage = storage;
    this.workers = new Workers(workers);
  }

  /**
   * Opens a base by name; it is loaded with the first adapter, whose head it gets.
   *
   * @param model a directory, a GGUF file, or {@code org/name[@revision]} on the Hub
   */
  public static TextClassifier open(String model) {
    return open(ModelReference.of(model).resolve(Hub.fromEnvironment(), HubListener.SILENT));
  }

  /** Opens a base in a directory, to be used by all cores. */
  public static TextClassifier open(Path model) {
    return open(model, Runtime.getRuntime().availableProcessors());
  }

  /** Opens a base in a directory, to be used by this number of threads. */
  public static TextClassifier open(Path model, int workers) {
    return new TextClassifier(ModelFiles.at(model), WeightStorage.asStored(), workers);
  }

  /**
   * Loads an adapter under a name.
   *
   * @throws UserError if the name is taken, or it is no classifier of this base
   */
  public void load(String name, Path adapter) {
    load(name, adapter, BaseCheck.SAME_BASE);
  }

  /** Loads an adapter with this check of its base. */
  public synchronized void load(String name, Path adapter, BaseCheck check) {
    AdaptedTask task = loaded.orElseGet(() -> AdaptedTask.open(files, adapter, storage));
    loaded = Optional.of(task);
    task.load(name, adapter, check);
    TextTask of = task.description(name).task();
    if (of != TextTask.TEXT_CLASSIFICATION && of != TextTask.MULTI_LABEL) {
      task.remove(name);
      throw new UserError(adapter + " is an adapter for " + of.word() + ", no classifier of texts");
    }
  }

  /** Removes an adapter. */
  public void remove(String name) {
    task().remove(name);
  }

  /** Names of the adapters. */
  public Set<String> names() {
    return task().names();
  }

  /** The labels of an adapter, in their order. */
  public List<String> labels(String adapter) {
    return task().description(adapter).labels().names();
  }

  private synchronized AdaptedTask task() {
    return loaded.orElseThrow(() -> new UserError("no adapter is loaded; load one first"));
  }

  // ---- classifying ----

  /** Classifies a text. */
  public Prediction classify(String adapter, String text) {
    return classify(List.of(Request.of(adapter, text))).get(0);
  }

  /** Classifies texts with one adapter. */
  public List<Prediction> classify(String adapter, List<String> texts) {
    return classify(texts.stream().map(text -> Request.of(adapter, text)).toList());
  }

  /**
   * Classifies texts, each with its own adapter, in batches that mix adapters.
   *
   * @return a prediction for each request, in their order
   */
  public List<Prediction> classify(List<Request> requests) {
    AdaptedTask task = task();
    List<TokenSequence> inputs = requests.stream().map(request -> tokens(task, request)).toList();
    List<List<Integer>> batches = batches(requests, inputs);
    float[][] logits = new float[requests.size()][];
    MixedOutputs mixed = new MixedOutputs(task.network(), task.model());
    if (batches.size() == 1) {
      compute(mixed, requests, inputs, batches.get(0), logits);
    } else {
      AtomicInteger next = new AtomicInteger();
      workers.run(
          worker -> {
            for (int i = next.getAndIncrement(); i < batches.size(); i = next.getAndIncrement()) {
              compute(mixed, requests, inputs, batches.get(i), logits);
            }
          });
    }
    return IntStream.range(0, logits.length)
        .mapToObj(i -> prediction(task.description(requests.get(i).adapter()), logits[i]))
        .toList();
  }

  /** Counts the tokens that the requests are computed with, after truncation. */
  public long countTokens(List<Request> requests) {
    AdaptedTask task = task();
    return requests.stream().mapToLong(request -> tokens(task, request).length()).sum();
  }

  private static TokenSequence tokens(AdaptedTask task, Request request) {
    TaskTokenizer tokenizer = task.tokenizer(request.adapter());
    return request.second().isPresent()
        ? tokenizer.tokenize(request.text(), request.second().get())
        : tokenizer.tokenize(request.text());
  }

  /** Requests that are computed together, sorted by adapter and length. */
  private List<List<Integer>> batches(List<Request> requests, List<TokenSequence> inputs) {
    long all = inputs.stream().mapToLong(TokenSequence::length).sum();
    long together = MAX_BATCH_TOKENS * (long) workers.count();
    long rounds = Math.max(1, (all + together - 1) / together);
    long limit = Math.max(1, 1 + (all - 1) / (rounds * workers.count()));
    List<Integer> order =
        IntStream.range(0, requests.size())
            .boxed()
            .sorted(
                Comparator.comparing((Integer i) -> requests.get(i).adapter())
                    .thenComparingInt(i -> inputs.get(i).length()))
            .toList();
    List<List<Integer>> batches = new ArrayList<>();
    List<Integer> batch = new ArrayList<>();
    long tokens = 0;
    for (int i : order) {
      if (tokens >= limit) {
        batches.add(batch);
        batch = new ArrayList<>();
        tokens = 0;
      }
      batch.add(i);
      tokens += inputs.get(i).length();
    }
    batches.add(batch);
    return batches;
  }

  private static void compute(
      MixedOutputs mixed,
      List<Request> requests,
      List<TokenSequence> inputs,
      List<Integer> batch,
      float[][] logits) {
    List<float[][]> outputs =
        mixed.of(
            batch.stream().map(inputs::get).toList(),
            batch.stream().map(i -> requests.get(i).adapter()).toList());
    for (int i = 0; i < batch.size(); i++) {
      logits[batch.get(i)] = outputs.get(i)[0];
    }
  }

  /** The prediction from logits, calibrated. */
  static Prediction prediction(TaskDescription description, float[] logits) {
    double temperature = description.calibration().temperature();
    float[] probabilities =
        description.task() == TextTask.MULTI_LABEL
            ? Probabilities.sigmoid(logits, temperature)
            : Probabilities.softmax(logits, temperature);
    return new Prediction(description.labels(), probabilities, logits);
  }

  @Override
  public synchronized void close() {
    workers.close();
    loaded.ifPresent(AdaptedTask::close);
    loaded = Optional.empty();
  }
}
