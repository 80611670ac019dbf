package dev.lora4j.lora.combine;

import dev.lora4j.UserError;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How several adapters become one; PEFT's {@code combination_type}.
 *
 * <pre>{@code
 * model.combine("both", Map.of("french", 0.7, "formal", 0.3), Combination.cat());
 * model.combine("small", weights, Combination.ties(0.5).bySvd(8));
 * }</pre>
 *
 * <table>
 * <caption>PEFT's words</caption>
 * <tr><td>{@code cat}, {@code svd}<td>{@link #cat}, {@link #svd}
 * <tr><td>{@code linear}<td>{@link #linear}
 * <tr><td>{@code magnitude_prune}<td>{@link #magnitudePrune}
 * <tr><td>{@code ties}<td>{@link #ties(double)}
 * <tr><td>{@code dare_linear}, {@code dare_ties}<td>{@link #dareLinear}, {@link #dareTies(double,
 *     long)}
 * <tr><td>{@code …_svd}<td>{@link Mix#bySvd()}
 * </table>
 *
 * <p>{@code cat} is exact and its rank is the sum of the ranks; {@code svd} is the nearest update
 * of its rank. What is mixed without {@link Mix#bySvd()} is mixed in A and in B apart, which is
 * quick and only a rough guess at the mix of the updates: {@code (A₁ + A₂)} times {@code (B₁ + B₂)}
 * holds {@code B₁ A₂} too.
 */
public sealed interface Combination {

  /** PEFT's word for it. */
  String word();

  /** A's below one another and B's side by side: the weighted sum of the updates, exactly. */
  static Cat cat() {
    return new Cat();
  }

  /** The largest parts of the weighted sum of the updates. */
  static MixBySvd svd() {
    return linear().bySvd();
  }

  /** The weighted sum of the A's, and of the B's. */
  static Mix linear() {
    return new Mix(new Pruning.None(), Optional.empty());
  }

  /**
   * The weighted sum of what is left when the small numbers are set to zero.
   *
   * @param density the share that is left, in (0, 1]
   */
  static Mix magnitudePrune(double density) {
    return new Mix(new Pruning.Magnitude(density), Optional.empty());
  }

  /** {@link #ties(double, MajoritySign)} with the sign of the greater sum. */
  static Mix ties(double density) {
    return ties(density, MajoritySign.TOTAL);
  }

  /**
   * Trim, elect sign, merge (Yadav et al. 2023, <a
   * href="https://arxiv.org/abs/2306.01708">arXiv:2306.01708</a>, §4): small numbers are set to
   * zero; of what is left at one place, only what has the majority's sign counts, and its weighted
   * mean is taken.
   *
   * @param density the share that is left, in (0, 1]
   */
  static Mix ties(double density, MajoritySign majority) {
    return new Mix(new Pruning.Magnitude(density), Optional.of(majority));
  }

  /**
   * Drop and rescale (Yu et al. 2023, <a
   * href="https://arxiv.org/abs/2311.03099">arXiv:2311.03099</a>, §3): the weighted sum of what is
   * left when numbers are set to zero at random and the others grow for it.
   *
   * @param density the chance of each number to stay, in (0, 1]
   * @param seed the same seed gives the same numbers
   */
  static Mix dareLinear(double density, long seed) {
    return new Mix(new Pruning.Random(density, seed), Optional.empty());
  }

  /** {@link #dareTies(double, long, MajoritySign)} with the sign of the greater sum. */
  static Mix dareTies(double density, long seed) {
    return dareTies(density, seed, MajoritySign.TOTAL);
  }

  /** {@link #ties(double, MajoritySign) Ties}, pruned as {@link #dareLinear} prunes. */
  static Mix dareTies(double density, long seed, MajoritySign majority) {
    return new Mix(new Pruning.Random(density, seed), Optional.of(majority));
  }

  /** See {@link #cat}. */
  record Cat() implements Combination {
    @Override
    public String word() {
      return "cat";
    }
  }

  /**
   * Numbers that stand at the same place are mixed, in A and in B.
   *
   * @param pruning what is set to zero first
   * @param majority who decides on a sign, if only numbers of one sign are to count
   */
  record Mix(Pruning pruning, Optional<MajoritySign> majority) implements Combination {

    /** The same in the updates instead of A and B, cut down to the largest rank among them. */
    public MixBySvd bySvd() {
      return new MixBySvd(this, OptionalInt.empty());
    }

    /** The same in the updates instead of A and B, cut down to this rank. */
    public MixBySvd bySvd(int rank) {
      return new MixBySvd(this, OptionalInt.of(rank));
    }

    @Override
    public String word() {
      if (pruning instanceof Pruning.Random) {
        return majority.isPresent() ? "dare_ties" : "dare_linear";
      }
      if (majority.isPresent()) {
        return "ties";
      }
      return pruning instanceof Pruning.None ? "linear" : "magnitude_prune";
    }
  }

  /**
   * Updates are mixed, and A and B are the largest parts of the mixture's singular value
   * decomposition.
   *
   * @param rank how many of them, at most; if empty, as many as the largest rank of the adapters
   */
  record MixBySvd(Mix mix, OptionalInt rank) implements Combination {
    public MixBySvd {
      rank.ifPresent(
          r -> {
            if (r < 1) {
              throw new UserError("rank must be at least 1, found " + r);
            }
          });
    }

    /** The same, cut down to this rank. */
    public MixBySvd rank(int rank) {
      return new MixBySvd(mix, OptionalInt.of(rank));
    }

    @Override
    public String word() {
      return mix.equals(linear()) ? "svd" : mix.word() + "_svd";
    }
  }
}
