package dev.lora4j.serve.task;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.embedding.Embedder;
import dev.lora4j.llm.embedding.Reranker;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.predict.TaskDescription;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.serve.engine.BrokenAdapter;
import dev.lora4j.serve.engine.NamedBase;
import dev.lora4j.serve.engine.ServedModel;
import dev.lora4j.serve.http.ApiException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Classifiers and rerankers of a server, by the names of their adapters. A base is loaded for them
 * with the first adapter of each kind, beside the one that generates or embeds.
 */
public final class TaskAdapters implements AutoCloseable {
  private final Map<String, Path> bases;
  private final Optional<Path> folder;
  private final int threads;
  private final Map<String, TextClassifier> classifierOfBase = new LinkedHashMap<>();
  private final Map<String, Reranker> rerankerOfBase = new LinkedHashMap<>();
  private final Map<String, TextClassifier> classifiers = new TreeMap<>();
  private final Map<String, Reranker> rerankers = new TreeMap<>();
  private volatile Set<String> names = Set.of();

  /**
   * @param bases the base models by name
   * @param folder directories of adapters that are loaded at their first request; empty for none
   */
  public TaskAdapters(Map<String, Path> bases, Optional<Path> folder, int threads) {
    this.bases = new LinkedHashMap<>(bases);
    this.folder = folder.map(path -> path.toAbsolutePath().normalize());
    this.threads = threads;
  }

  /** Returns whether an adapter has a head, so that it neither generates nor embeds texts. */
  public static boolean takes(Path adapter) {
    return TaskDescription.taskAt(adapter).filter(TextTask::hasHead).isPresent();
  }

  /**
   * Loads an adapter under a name, for the first base model that it fits, beginning with those that
   * its config names.
   *
   * @throws UserError if the name is taken, the adapter is for another task, or it fits no base
   */
  public synchronized void load(String name, Path adapter) {
    if (bases.containsKey(name) || classifiers.containsKey(name) || rerankers.containsKey(name)) {
      throw new UserError("the name '" + name + "' is taken");
    }
    TextTask task = TaskDescription.taskByHead(adapter).orElseThrow();
    switch (task) {
      case TEXT_CLASSIFICATION, MULTI_LABEL ->
          firstFit(name, adapter, base -> classifiers.put(name, classifier(base, name, adapter)));
      case RERANKING ->
          firstFit(name, adapter, base -> rerankers.put(name, reranker(base, name, adapter)));
      default ->
          throw new UserError(
              "%s is an adapter for %s, which the server does not answer; lora predict computes it for files"
                  .formatted(adapter, task.word()));
    }
    Set<String> all = new TreeSet<>(classifiers.keySet());
    all.addAll(rerankers.keySet());
    names = Collections.unmodifiableSet(all);
  }

  private interface Attempt {
    void on(String base);
  }

  private void firstFit(String name, Path adapter, Attempt attempt) {
    StringBuilder reasons = new StringBuilder();
    for (String base : NamedBase.first(bases.keySet(), Function.identity(), adapter)) {
      try {
        attempt.on(base);
        return;
      } catch (UserError e) {
        reasons.append("\nfor ").append(base).append(": ").append(e.getMessage());
      }
    }
    throw new UserError("adapter '%s' fits none of the base models:%s".formatted(name, reasons));
  }

  private Path path(String base) {
    return Objects.requireNonNull(bases.get(base));
  }

  /** Keeps a base that was opened for this adapter only if the adapter fits. */
  private TextClassifier classifier(String base, String name, Path adapter) {
    TextClassifier open = classifierOfBase.get(base);
    TextClassifier classifier = open == null ? TextClassifier.open(path(base), threads) : open;
    try {
      classifier.load(name, adapter);
    } catch (RuntimeException e) {
      if (open == null) {
        classifier.close();
      }
      throw e;
    }
    classifierOfBase.put(base, classifier);
    return classifier;
  }

  private Reranker reranker(String base, String name, Path adapter) {
    Reranker open = rerankerOfBase.get(base);
    Reranker reranker = open == null ? openReranker(base) : open;
    try {
      reranker.load(name, adapter);
    } catch (RuntimeException e) {
      if (open == null) {
        reranker.close();
      }
      throw e;
    }
    rerankerOfBase.put(base, reranker);
    return reranker;
  }

  private Reranker openReranker(String base) {
    return Reranker.openForHeads(path(base), threads, WeightStorage.asStored());
  }

  // ---- requests ----

  /**
   * Returns the classifier with an adapter of a name.
   *
   * @throws ApiException 404 if there is none
   */
  synchronized TextClassifier classifier(String name) {
    loadFromFolder(name);
    TextClassifier found = classifiers.get(name);
    if (found == null) {
      throw unknown("classifier", name, classifiers.keySet());
    }
    return found;
  }

  /** A reranker with the adapter that a request names; none for the base. */
  record Chosen(Reranker reranker, Optional<String> adapter) {}

  /**
   * Returns the reranker of a name: an adapter, or a base model that is a cross-encoder.
   *
   * @throws ApiException 404 if there is none
   */
  synchronized Chosen chosenReranker(String name) {
    loadFromFolder(name);
    Reranker found = rerankers.get(name);
    if (found != null) {
      return new Chosen(found, Optional.of(name));
    }
    if (!bases.containsKey(name) || !Embedder.isEncoder(path(name))) {
      throw unknown("reranker", name, rerankers.keySet());
    }
    return new Chosen(rerankerOfBase.computeIfAbsent(name, this::openReranker), Optional.empty());
  }

  private void loadFromFolder(String name) {
    if (!names.contains(name) && !bases.containsKey(name)) {
      folder
          .flatMap(directory -> ServedModel.adapterIn(directory, name))
          .filter(TaskAdapters::takes)
          .ifPresent(adapter -> loadForRequest(name, adapter));
    }
  }

  private void loadForRequest(String name, Path adapter) {
    try {
      load(name, adapter);
    } catch (UserError | CorruptFile e) {
      throw new BrokenAdapter(name, adapter, e);
    }
  }

  private static ApiException unknown(String kind, String name, Set<String> valid) {
    return new ApiException(
        404,
        "invalid_request_error",
        "The %s `%s` does not exist%s".formatted(kind, name, NearMiss.hint(name, valid)),
        "model",
        "model_not_found");
  }

  /** Names of the adapters that are loaded. */
  public Set<String> names() {
    return names;
  }

  @Override
  public synchronized void close() {
    classifierOfBase.values().forEach(TextClassifier::close);
    rerankerOfBase.values().forEach(Reranker::close);
  }
}
