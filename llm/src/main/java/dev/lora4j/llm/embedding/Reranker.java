package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.hub.Hub;
import dev.lora4j.llm.hub.HubListener;
import dev.lora4j.llm.hub.ModelReference;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Scores documents for a query: with an encoder that has one logit (a cross-encoder), or with a
 * causal language model that is asked for "yes" or "no", such as Qwen3-Reranker; and with any
 * number of adapters. Several threads may call it.
 *
 * <pre>{@code
 * try (Reranker reranker = Reranker.open(Path.of("ms-marco-MiniLM-L6-v2"))) {
 *   List<RankedDocument> best = reranker.rank("how do I reset it?", documents).subList(0, 3);
 * }
 * }</pre>
 */
public final class Reranker implements AutoCloseable {
  private final Scorer scorer;
  private final LoraModel model;
  private final BatchRunner runner;

  private Reranker(Scorer scorer, int threads) {
    this.scorer = scorer;
    model = Lora.base(scorer.root());
    runner = new BatchRunner(model, threads);
  }

  /**
   * Opens a model by name, with one thread per core.
   *
   * @param model a directory, a GGUF file, or {@code org/name[@revision]} on the Hub
   * @throws UserError if there is no such model, or a file is missing or not supported
   */
  public static Reranker open(String model) {
    return open(ModelReference.of(model).resolve(Hub.fromEnvironment(), HubListener.SILENT));
  }

  /** Opens a model with one thread per core; see {@link #open(Path, int, WeightStorage)}. */
  public static Reranker open(Path path) {
    return open(path, Runtime.getRuntime().availableProcessors(), WeightStorage.asStored());
  }

  /**
   * Opens a model.
   *
   * @param path a directory in Hugging Face's layout, or a GGUF file. An encoder without a
   *     classifier needs an adapter that brings one.
   * @param threads number of worker threads
   * @param storage how the matrices of a causal language model are kept in memory
   * @throws UserError if a file is missing, the architecture is not supported, or an encoder has
   *     several labels
   * @throws dev.lora4j.CorruptFile if a file is damaged
   */
  public static Reranker open(Path path, int threads, WeightStorage storage) {
    return new Reranker(Scorer.load(ModelFiles.at(path), storage), threads);
  }

  /**
   * Opens a model for adapters that bring a head with one output, such as PEFT's for {@code
   * SEQ_CLS} with one label or those of {@code lora train --task reranking}. A causal language
   * model has the head {@code score} on the last token of query and document.
   *
   * @throws UserError as {@link #open(Path, int, WeightStorage)}
   */
  public static Reranker openForHeads(Path path, int threads, WeightStorage storage) {
    return new Reranker(Scorer.loadForHeads(ModelFiles.at(path), storage), threads);
  }

  /** Number of pairs that were truncated so far. */
  public long truncatedPairs() {
    return scorer.truncated();
  }

  /** The network and its adapters. */
  public LoraModel model() {
    return model;
  }

  /**
   * Loads an adapter, such as one that PEFT trained for {@code SEQ_CLS} with one label.
   *
   * @throws UserError if the name is taken, or the adapter does not fit
   */
  public void load(String name, Path adapter) {
    load(name, adapter, BaseCheck.SAME_BASE);
  }

  /** Loads an adapter with this check of its base. */
  public void load(String name, Path adapter, BaseCheck check) {
    model.load(name, adapter, check);
  }

  /** Ranks documents with the standard options. */
  public List<RankedDocument> rank(String query, List<String> documents) {
    return rank(query, documents, RerankingOptions.standard());
  }

  /** Ranks documents, the most relevant first. */
  public List<RankedDocument> rank(String query, List<String> documents, RerankingOptions options) {
    float[] scores =
        score(documents.stream().map(text -> new TextPair(query, text)).toList(), options);
    return IntStream.range(0, scores.length)
        .mapToObj(i -> new RankedDocument(i, documents.get(i), scores[i]))
        .sorted(Comparator.comparingDouble(RankedDocument::score).reversed())
        .toList();
  }

  /**
   * Scores pairs.
   *
   * @return a score for each pair, in their order; higher is more relevant
   * @throws UserError if there is no adapter of a name, or the model needs one
   */
  public float[] score(List<TextPair> pairs, RerankingOptions options) {
    scorer.check(options.adapters());
    return scores(
        runner.run(encode(pairs, options.instruction()), options.adapters(), scorer::scores));
  }

  /**
   * Scores pairs, each with its own adapter. An encoder computes pairs of different adapters in one
   * batch.
   *
   * @param adapters the name of each pair's adapter, {@link LoraModel#BASE} for none
   * @param instruction the task that a causal language model is told
   * @return a score for each pair, in their order
   * @throws UserError if there is no adapter of a name, or the model needs one
   */
  public float[] score(List<TextPair> pairs, List<String> adapters, Optional<String> instruction) {
    if (pairs.size() != adapters.size()) {
      throw new UserError(
          "expected an adapter for each of %d pairs, found %d"
              .formatted(pairs.size(), adapters.size()));
    }
    scorer.check(adapters);
    List<TokenSequence> encoded = encode(pairs, instruction);
    return scores(
        scorer.mixes(model, adapters)
            ? runner.runMixed(
                encoded, adapters, (batch, names) -> scorer.scores(batch, model, names))
            : runner.runApart(encoded, adapters, scorer::scores));
  }

  /** Counts the tokens of pairs after truncation, with those of the prompt. */
  public long countTokens(List<TextPair> pairs, RerankingOptions options) {
    return encode(pairs, options.instruction()).stream().mapToLong(TokenSequence::length).sum();
  }

  private List<TokenSequence> encode(List<TextPair> pairs, Optional<String> instruction) {
    return runner.encode(pairs.size(), i -> scorer.encode(pairs.get(i), instruction));
  }

  private static float[] scores(float[]... rows) {
    float[] scores = new float[rows.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = rows[i][0];
    }
    return scores;
  }

  /** Frees the model, its adapters and the tokenizer, and ends the threads. */
  @Override
  public void close() {
    runner.close();
    scorer.close();
  }
}
