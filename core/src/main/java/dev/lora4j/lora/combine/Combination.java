package dev.lora4j.lora.combine;

import dev.lora4j.nn.Checks;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The method by which several adapters are combined into one; PEFT's {@code combination_type}.
 *
 * <p>{@code cat} is exact, and its rank is the sum of the ranks; {@code svd} is the best
 * approximation of its rank. Mixes without {@link Mix#bySvd()}, PEFT's {@code …_svd}, combine A and
 * B separately, which is fast but only approximates the mix of the deltas: {@code (B₁ + B₂) (A₁ +
 * A₂)} contains {@code B₁ A₂} too.
 */
public sealed interface Combination {

  /** Returns PEFT's name. */
  String word();

  /** Concatenates the A's and the B's: exactly the weighted sum of the deltas. */
  static Cat cat() {
    return new Cat();
  }

  /** Truncates the singular value decomposition of the weighted sum of the deltas. */
  static MixBySvd svd() {
    return linear().bySvd();
  }

  /** Sums the weighted A's and the weighted B's. */
  static Mix linear() {
    return new Mix(new Pruning.None(), Optional.empty());
  }

  /**
   * Sums after setting the values of smallest magnitude to zero.
   *
   * @param density the share of values kept, in (0, 1]
   */
  static Mix magnitudePrune(double density) {
    return new Mix(new Pruning.Magnitude(density), Optional.empty());
  }

  /** {@link #ties(double, MajoritySign)} with {@link MajoritySign#TOTAL}. */
  static Mix ties(double density) {
    return ties(density, MajoritySign.TOTAL);
  }

  /**
   * Trim, elect sign, merge (Yadav et al. 2023, <a
   * href="https://arxiv.org/abs/2306.01708">arXiv:2306.01708</a>, §4): sets small values to zero
   * and takes, at each position, the weighted mean of the values with the majority's sign.
   *
   * @param density the share of values kept, in (0, 1]
   */
  static Mix ties(double density, MajoritySign majority) {
    return new Mix(new Pruning.Magnitude(density), Optional.of(majority));
  }

  /**
   * Drop and rescale (Yu et al. 2023, <a
   * href="https://arxiv.org/abs/2311.03099">arXiv:2311.03099</a>, §3): sums after setting random
   * values to zero and rescaling the others.
   *
   * @param density the probability of keeping a value, in (0, 1]
   * @param seed the seed of the random mask
   */
  static Mix dareLinear(double density, long seed) {
    return new Mix(new Pruning.Random(density, seed), Optional.empty());
  }

  /** {@link #dareTies(double, long, MajoritySign)} with {@link MajoritySign#TOTAL}. */
  static Mix dareTies(double density, long seed) {
    return dareTies(density, seed, MajoritySign.TOTAL);
  }

  /** {@link #ties(double, MajoritySign) Ties} with the pruning of {@link #dareLinear}. */
  static Mix dareTies(double density, long seed, MajoritySign majority) {
    return new Mix(new Pruning.Random(density, seed), Optional.of(majority));
  }

  record Cat() implements Combination {
    @Override
    public String word() {
      return "cat";
    }
  }

  /**
   * Element-wise mix of the A's and of the B's.
   *
   * @param pruning the pruning applied first
   * @param majority the majority that selects a sign; empty if values of both signs count
   */
  record Mix(Pruning pruning, Optional<MajoritySign> majority) implements Combination {

    /** Mixes the deltas instead of A and B, truncated to the largest rank of the adapters. */
    public MixBySvd bySvd() {
      return new MixBySvd(this, OptionalInt.empty());
    }

    /** Mixes the deltas instead of A and B, truncated to this rank. */
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
   * Mix of the deltas, whose truncated singular value decomposition gives A and B.
   *
   * @param rank the maximum rank; if empty, the largest rank of the adapters
   */
  record MixBySvd(Mix mix, OptionalInt rank) implements Combination {
    public MixBySvd {
      rank.ifPresent(r -> Checks.positive("rank", r));
    }

    public MixBySvd rank(int rank) {
      return new MixBySvd(mix, OptionalInt.of(rank));
    }

    @Override
    public String word() {
      return mix.equals(linear()) ? "svd" : mix.word() + "_svd";
    }
  }
}
