package dev.lora4j.llm.embedding;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** The network of a reranker: an encoder with one logit, or a causal language model. */
sealed interface Scorer extends AutoCloseable permits CrossEncoder, DecoderHeadScorer, YesNoScorer {

  /** The network that adapters adapt. */
  Module root();

  /** Encodes a pair. */
  TokenSequence encode(TextPair pair, Optional<String> instruction);

  /** Returns the number of pairs that were truncated so far. */
  long truncated();

  /** Returns whether pairs of one batch can have different adapters; by default, none can. */
  default boolean mixes(LoraModel model, List<String> adapters) {
    return false;
  }

  /**
   * Computes the scores of a batch with the adapters that are active.
   *
   * @return {@code [B]}
   */
  Tensor scores(List<TokenSequence> batch);

  /**
   * Does the same with an adapter for each pair, for adapters that {@link #mixes} allows.
   *
   * @param adapters one for each pair, {@link LoraModel#BASE} for none
   */
  default Tensor scores(List<TokenSequence> batch, LoraModel model, List<String> adapters) {
    throw new UnsupportedOperationException("pairs of one batch have the same adapter");
  }

  /**
   * Refuses to score without an adapter if the network needs one; by default, it does not.
   *
   * @param adapters the names of those that are to be used
   */
  default void check(List<String> adapters) {}

  @Override
  void close();

  /** Loads the network of a directory or a GGUF file for adapters that bring a head. */
  static Scorer loadForHeads(ModelFiles files, WeightStorage storage) {
    return Backbone.isEncoder(files.path())
        ? CrossEncoder.load(files)
        : DecoderHeadScorer.load(files, storage);
  }

  /** Loads the network of a directory or a GGUF file. */
  static Scorer load(ModelFiles files, WeightStorage storage) {
    if (Backbone.isEncoder(files.path())) {
      return CrossEncoder.load(files);
    }
    return YesNoScorer.load(files, storage);
  }
}
