package dev.lora4j.llm.model;

import dev.lora4j.nn.kernel.Ops;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Rotary position embeddings (Su et al. 2021, arXiv:2104.09864, §3.4.2): rotates the elements
 * {@code i} and {@code i + dim/2} of a head by {@code position · frequency[i]}. Under LongRoPE the
 * frequencies depend on the length of the longest text of a forward pass.
 */
public final class Rope implements AutoCloseable {

  /**
   * The rotations of a forward pass's tokens.
   *
   * @param cos {@code [(batch,) tokens, 1, dim]}; see {@link #cosines}
   * @param sin of the same shape; see {@link #sines}
   * @param queryScale factors of the queries, {@code [(batch,) tokens, 1, 1]}
   */
  public record Rotations(Tensor cos, Tensor sin, Optional<Tensor> queryScale) {

    /** Rotates query heads, {@code [batch, tokens, heads, dim]}. */
    public Tensor ofQueries(Tensor heads) {
      Tensor rotated = ofKeys(heads);
      return queryScale.map(rotated::mul).orElse(rotated);
    }

    /** Rotates key heads, {@code [batch, tokens, groups, dim]}. */
    public Tensor ofKeys(Tensor heads) {
      return Ops.rotated(heads, cos, sin);
    }
  }

  /** The rotations in texts of more tokens than those of the pre-training (LongRoPE). */
  private record Extended(long originalPositions, RopeTables tables) {}

  private final RopeConfig config;
  private final RopeTables tables;
  private final Optional<Extended> extended;

  public Rope(RopeConfig config) {
    this.config = config;
    RopeScaling scaling = config.scaling();
    double magnitude = config.multiplier() * scaling.attentionFactor();
    tables = new RopeTables(scaling.frequencies(config.theta(), config.dim()), magnitude);
    extended =
        scaling instanceof RopeScaling.LongRope longRope
            ? Optional.of(
                new Extended(
                    longRope.originalPositions(),
                    new RopeTables(
                        longRope.longFrequencies(config.theta(), config.dim()), magnitude)))
            : Optional.empty();
  }

  /** The rotations of a forward pass's tokens, with the dtype and device of {@code like}. */
  public Rotations rotations(AttentionContext attention, Tensor like) {
    return attention
        .positions()
        .map(positions -> at(positions, like))
        .orElseGet(() -> rotationsFrom(attention, like));
  }

  private Rotations rotationsFrom(AttentionContext attention, Tensor like) {
    long first = attention.past();
    long count = attention.length();
    RopeTables.Tables all = tablesFor(attention.end()).of(first + count);
    return rotations(
        all.cos().narrow(0, first, count),
        all.sin().narrow(0, first, count),
        config.queryScale().map(scale -> scale.at(Ops.range(first, first + count))),
        like);
  }

  /**
   * The rotations at these positions, with the dtype and device of {@code like}.
   *
   * @param positions {@code [(batch,) tokens]}, int64
   */
  public Rotations at(Tensor positions, Tensor like) {
    long end = 1 + positions.max().item_long();
    RopeTables.Tables all = tablesFor(end).of(end);
    Tensor cpu = positions.cpu();
    return rotations(
        torch.embedding(all.cos(), cpu),
        torch.embedding(all.sin(), cpu),
        config.queryScale().map(scale -> scale.at(cpu)),
        like);
  }

  private static Rotations rotations(
      Tensor cos, Tensor sin, Optional<Tensor> queryScale, Tensor like) {
    return new Rotations(
        cos.to(like).unsqueeze(-2),
        sin.to(like).unsqueeze(-2),
        queryScale.map(scale -> scale.to(like).unsqueeze(-1).unsqueeze(-1)));
  }

  /** The tables for texts of this number of tokens. */
  private RopeTables tablesFor(long end) {
    return extended
        .filter(found -> end > found.originalPositions())
        .map(Extended::tables)
        .orElse(tables);
  }

  // ---- single positions ----

  /** The cosines of the last of {@code end} positions, twice side by side, {@code [dim]}. */
  public float[] cosines(long end) {
    return Ops.floats(tablesFor(end).of(end).cos().select(0, end - 1));
  }

  /** Minus the sines of the last of {@code end} positions, then the sines, {@code [dim]}. */
  public float[] sines(long end) {
    return Ops.floats(tablesFor(end).of(end).sin().select(0, end - 1));
  }

  /** The factor of the queries at a position. */
  public float queryScale(long position) {
    return config.queryScale().map(scale -> scale.at(position)).orElse(1f);
  }

  /** Frees the tables, which a thread may have been using until now. */
  @Override
  public void close() {
    tables.close();
    extended.ifPresent(longer -> longer.tables().close());
  }
}
