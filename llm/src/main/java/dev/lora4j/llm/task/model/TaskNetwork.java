package dev.lora4j.llm.task.model;

import dev.lora4j.llm.encoder.TokenSequence;
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
   * Computes the body's hidden states alone, so that rows of one batch may have different adapters
   * and heads.
   *
   * @return {@code [tokens, hidden]}, text after text; empty if the network shares computation
   *     between texts, so that they can't have different adapters
   */
  Optional<Tensor> hidden(List<TokenSequence> texts);

  /**
   * Computes the outputs of some texts from their rows of {@link #hidden}.
   *
   * @param hidden {@code [tokens, hidden]}, of these texts alone
   * @return as {@link #outputs}
   */
  Tensor outputs(List<TokenSequence> texts, Tensor hidden);

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
