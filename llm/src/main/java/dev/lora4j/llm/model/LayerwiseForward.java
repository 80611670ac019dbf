package dev.lora4j.llm.model;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * One forward pass of a language model, layer by layer: for callers that keep only some of the
 * activations, or need the last layer at some positions only.
 */
public interface LayerwiseForward {

  /**
   * Embeds the tokens. To be called first, in a pointer scope that outlives the pass.
   *
   * @return input of the first layer, {@code [batch, tokens, hidden]}
   */
  Tensor embed();

  /** Number of layers. */
  int layers();

  /**
   * Runs one layer; what follows its attention only at the selected positions.
   *
   * @param number of the layer, from 0 on
   * @param x {@code [batch, tokens, hidden]}
   * @param selected picks the positions, or all, of a tensor {@code [batch, tokens, …]}
   * @return the output at the selected positions
   */
  Tensor layer(int number, Tensor x, UnaryOperator<Tensor> selected);

  /**
   * Runs one layer. The result is another tensor than x, which may be freed then.
   *
   * @param number of the layer, from 0 on
   * @param x {@code [batch, tokens, hidden]}
   * @return the same shape
   */
  default Tensor layer(int number, Tensor x) {
    return layer(number, x, all -> all);
  }

  /**
   * Applies the final norm, position by position.
   *
   * @param x output of the last layer, {@code [rows…, hidden]}
   * @return final hidden states, of the same shape
   */
  Tensor finalNorm(Tensor x);

  /**
   * Runs the last layer and the final norm at some positions only: whatever follows that layer's
   * attention is computed for them alone.
   *
   * @param places positions in the batch, row after row, {@code [n]}, int64
   * @param x input of the last layer, {@code [batch, tokens, hidden]}
   * @return final hidden states, {@code [n, hidden]}
   */
  default Tensor finalHiddenAt(Tensor places, Tensor x) {
    return finalNorm(layer(layers() - 1, x, all -> all.flatten(0, 1).index_select(0, places)));
  }

  /**
   * Embeds the tokens and runs the first layers.
   *
   * @param count how many
   * @return {@code [batch, tokens, hidden]}
   */
  default Tensor through(int count) {
    Tensor x = embed();
    for (int i = 0; i < count; i++) {
      x = layer(i, x);
    }
    return x;
  }
}
