package dev.lora4j.llm.task.model;

import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** A network that a task adapts: a body that reads texts, and a head or a pooling. */
public interface TaskNetwork extends AutoCloseable {

  /** The module tree, body and head, with the names of transformers. */
  Module module();

  /**
   * Computes the outputs of texts without padding.
   *
   * @param texts one at least
   * @return logits {@code [texts, outputs]}; for labels of words {@code [tokens, outputs]}, text
   *     after text; or vectors {@code [texts, dimensions]}
   */
  Tensor outputs(List<TokenSequence> texts);

  /**
   * Returns whether texts of one batch may have different ones of these adapters.
   *
   * @param model the adapters of this network
   */
  default boolean mixes(LoraModel model, List<String> adapters) {
    return false;
  }

  /**
   * Computes the input of the head for texts with different adapters.
   *
   * @param adapterOfText one for each text
   * @return {@code [texts, hidden]}, or {@code [tokens, hidden]} for labels of words, text after
   *     text
   */
  default Tensor features(List<TokenSequence> texts, LoraModel model, List<String> adapterOfText) {
    throw new UnsupportedOperationException("texts are computed with the same adapters");
  }

  /** Computes the outputs from rows of {@link #features}, with the adapters that are active. */
  default Tensor head(Tensor features) {
    throw new UnsupportedOperationException("texts are computed with the same adapters");
  }

  /**
   * Computes the mean hidden state of each text.
   *
   * @return {@code [texts, hidden]}; empty if tokens don't see the whole text
   */
  default Optional<Tensor> means(List<TokenSequence> texts) {
    return Optional.empty();
  }

  /** Paths of the head's modules, trained whole; PEFT's {@code modules_to_save}. */
  List<String> headModules();

  /** Replaces the base's head by zeros for another number of outputs. */
  void resizeHead(int outputs);

  /** Returns whether each token has outputs, instead of each text. */
  default boolean isPerToken() {
    return false;
  }

  /** Number of outputs of a text or a token. */
  int outputs();

  /** Returns how the matrices are kept, such as {@code nf4}. */
  default List<String> storage() {
    return List.of("float32");
  }

  /** Maximum number of tokens of a text. */
  int maxTokens();

  int vocabularySize();

  /** Frees the parameters. */
  @Override
  void close();
}
