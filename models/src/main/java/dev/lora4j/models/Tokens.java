package dev.lora4j.models;

import dev.lora4j.UserError;
import dev.lora4j.nn.Ops;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * What a language model reads: rows of tokens, and where in a row one text ends and the next
 * begins.
 *
 * @param ids {@code [batch, tokens]}, int64
 * @param positions {@code [batch, tokens]}, int64, each token's place in its text; empty for 0, 1,
 *     2, … in each row
 * @param ends {@code [batch, tokens]}, int64: the place in the row before which those that follow a
 *     token attend to it; empty where each row is one text
 */
public record Tokens(Tensor ids, Optional<Tensor> positions, Optional<Tensor> ends) {

  public Tokens {
    if (ids.dim() != 2) {
      throw new UserError("tokens: expected [batch, tokens], found " + Ops.shapeOf(ids));
    }
    positions.ifPresent(given -> checkShape("positions", given, ids));
    ends.ifPresent(given -> checkShape("ends", given, ids));
  }

  private static void checkShape(String what, Tensor given, Tensor ids) {
    if (!Arrays.equals(Ops.shape(given), Ops.shape(ids))) {
      throw new UserError(
          "%s: expected %s as the tokens, found %s"
              .formatted(what, Ops.shapeOf(ids), Ops.shapeOf(given)));
    }
  }

  /**
   * One text a row. Padding at the end of a row needs nothing else: no token sees what follows it.
   *
   * @param ids {@code [batch, tokens]}, int64
   */
  public static Tokens of(Tensor ids) {
    return new Tokens(ids, Optional.empty(), Optional.empty());
  }

  /** One row of one text. */
  public static Tokens of(long... ids) {
    return of(Ops.tensor(ids).view(1, ids.length));
  }

  /**
   * Several texts a row, each with positions from 0 on. A token attends to itself and to those
   * before it in the row that do not end before it: to its own text, where all of a text's tokens
   * end with it. What several texts begin with may stand once, before all of their rests, and end
   * with the last of them. Padding may stand as a text of its own.
   *
   * @param ids {@code [batch, tokens]}, int64
   * @param positions {@code [batch, tokens]}, int64
   * @param ends {@code [batch, tokens]}, int64, each greater than the token's own place, and not
   *     greater than those of the tokens that it attends to
   */
  public static Tokens packed(Tensor ids, Tensor positions, Tensor ends) {
    return new Tokens(ids, Optional.of(positions), Optional.of(ends));
  }

  /** Number of rows. */
  public long batch() {
    return ids.size(0);
  }

  /** Tokens in each row. */
  public long length() {
    return ids.size(1);
  }
}
