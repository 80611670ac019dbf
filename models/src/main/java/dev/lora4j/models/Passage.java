package dev.lora4j.models;

import org.bytedeco.pytorch.Tensor;

/**
 * A forward of a language model in pieces, for who wants to keep less of it than all: the layers
 * one by one, and the last of them for some tokens only. {@link LanguageModel#hidden} is all layers
 * in a row, and {@link #finish}.
 */
public interface Passage {

  /**
   * What the first layer reads. To be called first, in a scope that outlives the passage.
   *
   * @return {@code [batch, tokens, hidden]}
   */
  Tensor begin();

  /** Number of layers. */
  int layers();

  /**
   * What a layer makes of the one before: another tensor, after which x itself may be freed.
   *
   * @param number from 0 on
   * @param x {@code [batch, tokens, hidden]}
   * @return the same shape
   */
  Tensor layer(int number, Tensor x);

  /**
   * What the head reads, of the last layer's output; each token for itself.
   *
   * @param x {@code [rows…, hidden]}
   * @return the same shape
   */
  Tensor finish(Tensor x);

  /**
   * What the head reads at some places only: the last layer, of which all that comes after the
   * attention is computed for them alone, and {@link #finish}.
   *
   * @param x {@code [batch, tokens, hidden]}, of the layer before the last
   * @param places {@code [n]}, int64: tokens of the batch, counted row after row
   * @return {@code [n, hidden]}
   */
  Tensor finishAt(Tensor places, Tensor x);
}
