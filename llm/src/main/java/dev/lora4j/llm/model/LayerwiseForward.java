package dev.lora4j.llm.model;

import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;

/** One forward pass of a language model, from the embedding through each layer to the norm. */
public record LayerwiseForward(
    Supplier<Tensor> embedding, List<Layer> decoderLayers, UnaryOperator<Tensor> norm) {

  /** A decoder layer, whose part after the attention runs at the selected positions only. */
  @FunctionalInterface
  public interface Layer {
    Tensor forward(Tensor x, UnaryOperator<Tensor> selected);
  }

  /**
   * Embeds the tokens. Call it first, in a pointer scope that outlives the pass.
   *
   * @return input of the first layer, {@code [batch, tokens, hidden]}
   */
  public Tensor embed() {
    return embedding.get();
  }

  public int layers() {
    return decoderLayers.size();
  }

  /**
   * Runs one layer. The result is a new tensor, so x may be freed.
   *
   * @param number of the layer, from 0 on
   * @param x {@code [batch, tokens, hidden]}
   * @return the same shape
   */
  public Tensor layer(int number, Tensor x) {
    return decoderLayers.get(number).forward(x, all -> all);
  }

  /** Applies the final norm to the last layer's output, position by position. */
  Tensor finalNorm(Tensor x) {
    return norm.apply(x);
  }

  /**
   * Runs the last layer and the final norm at some positions only: everything after that layer's
   * attention is computed for them alone.
   *
   * @param positions in the batch, row after row, {@code [n]}, int64
   * @param x input of the last layer, {@code [batch, tokens, hidden]}
   * @return final hidden states, {@code [n, hidden]}
   */
  public Tensor finalHiddenAt(Tensor positions, Tensor x) {
    Layer last = decoderLayers.get(layers() - 1);
    return finalNorm(last.forward(x, all -> all.flatten(0, 1).index_select(0, positions)));
  }

  /**
   * Embeds the tokens and runs the first layers. Where gradients are not recorded, a layer's
   * activations are freed before the next one.
   *
   * @param count number of layers
   * @return {@code [batch, tokens, hidden]}
   */
  public Tensor through(int count) {
    Tensor x = embed();
    for (int i = 0; i < count; i++) {
      x = GradMode.is_enabled() ? layer(i, x) : onlyOutput(i, x);
    }
    return x;
  }

  private Tensor onlyOutput(int number, Tensor x) {
    Tensor y = Ops.inScope(() -> layer(number, x));
    x.deallocate();
    return y;
  }
}
