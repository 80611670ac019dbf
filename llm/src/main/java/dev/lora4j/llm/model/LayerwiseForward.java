package dev.lora4j.llm.model;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/** One forward pass of a language model, from the embedding through each layer to the norm. */
public record LayerwiseForward(
    Supplier<Tensor> embedding, List<Layer> decoderLayers, UnaryOperator<Tensor> norm) {

  /** A decoder layer, whose part after the attention runs at the selected positions only. */
  @FunctionalInterface
  public interface Layer {
    Tensor forward(Tensor x, UnaryOperator<Tensor> selected);
  }

  /** Embeds the tokens, {@code [batch, tokens, hidden]}, in a pointer scope that outlives all. */
  public Tensor embed() {
    return embedding.get();
  }

  public int layers() {
    return decoderLayers.size();
  }

  /** Runs one layer, from 0 on. The result is a new tensor, so x may be freed. */
  public Tensor layer(int number, Tensor x) {
    return decoderLayers.get(number).forward(x, all -> all);
  }

  /** Applies the final norm to the last layer's output, position by position. */
  Tensor finalNorm(Tensor x) {
    return norm.apply(x);
  }

  /** Runs the last layer and the norm at positions {@code [n]} of the whole batch only. */
  public Tensor finalHiddenAt(Tensor positions, Tensor x) {
    Layer last = decoderLayers.get(layers() - 1);
    return finalNorm(last.forward(x, all -> all.flatten(0, 1).index_select(0, positions)));
  }

  /** Embeds the tokens and runs this number of layers. */
  public Tensor through(int count) {
    Tensor x = embed();
    for (int i = 0; i < count; i++) {
      x = layer(i, x);
    }
    return x;
  }
}
