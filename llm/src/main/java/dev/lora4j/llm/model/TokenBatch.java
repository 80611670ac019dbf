package dev.lora4j.llm.model;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The input of a language model: rows of token ids, with position ids and a layout where a row
 * holds several texts. The layout replaces the attention mask.
 *
 * @param inputIds {@code [batch, tokens]}, int64
 * @param positionIds {@code [batch, tokens]}, int64, the position ids; empty for 0, 1, 2, … in each
 *     row
 * @param layout the texts of all rows, row after row; empty where each row is one text
 */
public record TokenBatch(
    Tensor inputIds, Optional<Tensor> positionIds, Optional<PrefixTree> layout) {

  public TokenBatch {
    if (inputIds.dim() != 2) {
      throw new UserError("tokens: expected [batch, tokens], found " + Ops.shapeOf(inputIds));
    }
    positionIds.ifPresent(given -> checkShape(given, inputIds));
    layout.ifPresent(given -> checkSize(given, inputIds));
  }

  private static void checkShape(Tensor positions, Tensor ids) {
    if (!Arrays.equals(Ops.shape(positions), Ops.shape(ids))) {
      throw new UserError(
          "positions: expected %s as the tokens, found %s"
              .formatted(Ops.shapeOf(ids), Ops.shapeOf(positions)));
    }
  }

  private static void checkSize(PrefixTree layout, Tensor ids) {
    if (layout.size() != ids.numel()) {
      throw new UserError(
          "layout: expected %d tokens, found %d".formatted(ids.numel(), layout.size()));
    }
  }

  /**
   * One text per row. Padding at the end of a row needs no mask: attention is causal.
   *
   * @param ids {@code [batch, tokens]}, int64
   */
  public static TokenBatch of(Tensor ids) {
    return new TokenBatch(ids, Optional.empty(), Optional.empty());
  }

  /** One row of one text. */
  public static TokenBatch of(long... ids) {
    return of(Ops.tensor(ids).view(1, ids.length));
  }

  /**
   * Several texts in one row, with shared prefixes computed once.
   *
   * @param ids {@code [1, tokens]}, int64: the layout's tokens
   * @param positions {@code [1, tokens]}, int64: the layout's positions
   */
  public static TokenBatch packed(Tensor ids, Tensor positions, PrefixTree layout) {
    return new TokenBatch(ids, Optional.of(positions), Optional.of(layout));
  }

  public long length() {
    return inputIds.size(1);
  }
}
