package dev.lora4j.serve.task;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.embedding.Reranker;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.predict.TaskDescription;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.serve.http.ApiException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

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
   * Loads an adapter under a name, for the first base model that it fits.
   *
   * @throws UserError if the name is taken, the adapter is for another task, or it fits no base
   */
  public synchronized void load(String name, Path adapter) {
    if (bases.containsKey(name) || classifiers.containsKey(name) || rerankers.containsKey(name)) {
      throw new UserError("the name '" + name + "' is taken");
    }
    TextTask task = TaskDescription.taskAt(adapter).orElseThrow();
    switch (task) {
      case TEXT_CLASSIFICATION, MULTI_LABEL ->
          firstFit(name, base -> classifiers.put(name, classifier(base, name, adapter)));
      case RERANKING ->
          firstFit(
              name,
              base -> {
                reranker(base).load(name, adapter);
                rerankers.put(name, reranker(base));
              });
      default ->
          throw new UserError(
              "%s is an adapter for %s, which the server does not answer; lora predict computes it for files"
                  .formatted(adapter, task.word()));
    }
  }

  private interface Attempt {
    void on(String base);
  }

  private void firstFit(String name, Attempt attempt) {
    StringBuilder reasons = new StringBuilder();
    for (String base : bases.keySet()) {
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

  private TextClassifier classifier(String base, String name, Path adapter) {
    TextClassifier classifier =
        classifierOfBase.computeIfAbsent(base, key -> TextClassifier.open(path(key), threads));
    classifier.load(name, adapter);
    return classifier;
  }

  private Reranker reranker(String base) {
    return rerankerOfBase.computeIfAbsent(
        base, key -> Reranker.open(path(key), threads, WeightStorage.asStored()));
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
   * Returns the reranker of a name: an adapter, or a base model that scores pairs.
   *
   * @throws ApiException 404 if there is none
   */
  synchronized Chosen chosenReranker(String name) {
    loadFromFolder(name);
    Reranker found = rerankers.get(name);
    if (found != null) {
      return new Chosen(found, Optional.of(name));
    }
    if (!bases.containsKey(name)) {
      throw unknown("reranker", name, rerankers.keySet());
    }
    return new Chosen(reranker(name), Optional.empty());
  }

  private void loadFromFolder(String name) {
    if (!classifiers.containsKey(name) && !rerankers.containsKey(name)) {
      inFolder(name).filter(TaskAdapters::takes).ifPresent(adapter -> load(name, adapter));
    }
  }

  private Optional<Path> inFolder(String name) {
    return folder
        .filter(path -> name.matches("[A-Za-z0-9][A-Za-z0-9._-]*"))
        .map(path -> path.resolve(name));
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
  public synchronized Set<String> names() {
    Set<String> names = new TreeSet<>(classifiers.keySet());
    names.addAll(rerankers.keySet());
    return names;
  }

  @Override
  public synchronized void close() {
    classifierOfBase.values().forEach(TextClassifier::close);
    rerankerOfBase.values().forEach(Reranker::close);
  }
}
