package dev.lora4j.llm.model;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The input of a language model: int64 token ids {@code [batch, tokens]}, position ids of the same
 * shape unless they are 0, 1, 2, … in each row, and, instead of an attention mask, the layout of
 * all rows unless each is one text.
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

  /** One text a row. Padding at the end of a row needs no mask: attention is causal. */
  public static TokenBatch of(Tensor ids) {
    return new TokenBatch(ids, Optional.empty(), Optional.empty());
  }

  /** One row of one text. */
  public static TokenBatch of(long... ids) {
    return of(Ops.tensor(ids).view(1, ids.length));
  }

  /** Several texts in one row, {@code [1, tokens]}, with shared prefixes computed once. */
  public static TokenBatch packed(Tensor ids, Tensor positions, PrefixTree layout) {
    return new TokenBatch(ids, Optional.of(positions), Optional.of(layout));
  }

  public long length() {
    return inputIds.size(1);
  }
}
