package dev.lora4j.lora.layer;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The initialisation of A and B; PEFT's {@code init_lora_weights}. */
public sealed interface Initialization {

  /** A Kaiming-uniform, B zero: training starts from the base. PEFT's {@code true}. */
  record Standard() implements Initialization {}

  /** A and B random, so that the adapter changes the base from the start; PEFT's {@code false}. */
  record Random() implements Initialization {}

  /** A {@code N(0, 1/r²)}, B zero. */
  record Gaussian() implements Initialization {}

  /** A and B from orthogonal bases, so that {@code B A ≈ 0}; the rank must be even. */
  record Orthogonal() implements Initialization {}

  /**
   * The weight's principal components (Meng et al. 2024, <a
   * href="https://arxiv.org/abs/2404.02948">arXiv:2404.02948</a>, eq. 2–4), which are taken from
   * the base.
   *
   * @param iterations iterations of the randomised decomposition; 0 for the exact one
   */
  record Pissa(int iterations) implements Initialization {}

  /** An orthonormal basis of the weight, taken from the base (Büyükakyüz, arXiv:2406.01775). */
  record Olora() implements Initialization {}

  /**
   * A from the principal components of the layer's inputs, B zero; layers whose components explain
   * more variance get a higher rank (Paischer et al. 2024, arXiv:2410.07170, algorithm 1).
   *
   * @param rho a layer gets at most {@code rho} times its rank; 1 for no redistribution
   * @param tau the cosine similarity with the previous batch at which a component has converged
   * @param useLabelMask whether positions with the label {@code labelMaskValue} are left out
   * @param whiten whether each component is divided by the root of its singular value
   * @param adjustScalingFactors whether alpha is scaled with the rank, which preserves the scaling
   */
  record Eva(
      double rho,
      double tau,
      boolean useLabelMask,
      long labelMaskValue,
      boolean whiten,
      boolean adjustScalingFactors)
      implements Initialization {

    public Eva {
      if (!(rho >= 1) || Double.isInfinite(rho)) {
        throw new UserError("eva_config: rho must be at least 1, found " + rho);
      }
      if (!(tau >= 0 && tau <= 1)) {
        throw new UserError("eva_config: tau must be in [0, 1], found " + tau);
      }
    }

    /** Creates EVA with PEFT's settings. */
    public Eva() {
      this(2, 0.99, true, -100, false, true);
    }

    public Eva rho(double rho) {
      return new Eva(rho, tau, useLabelMask, labelMaskValue, whiten, adjustScalingFactors);
    }
  }

  /**
   * The part of the weights that quantisation has lost (Li et al. 2023, <a
   * href="https://arxiv.org/abs/2310.08659">arXiv:2310.08659</a>, algorithm 1), for a quantised
   * base whose original weights are at hand.
   *
   * @param bits {@code loftq_bits} of a weight, 4 or 8
   * @param iterations {@code loftq_iter}; from the second on, the base is quantised anew
   */
  record Loftq(int bits, int iterations) implements Initialization {
    public Loftq {
      if (bits != 4 && bits != 8) {
        throw new UserError("loftq_config: loftq_bits must be 4 or 8, found " + bits);
      }
      if (iterations < 1) {
        throw new UserError("loftq_config: loftq_iter must be at least 1, found " + iterations);
      }
    }

    /** Creates LoftQ with PEFT's settings. */
    public Loftq() {
      this(4, 1);
    }

    public Loftq iterations(int count) {
      return new Loftq(bits, count);
    }
  }

  /** PEFT's names. */
  List<String> WORDS =
      List.of(
          "true",
          "false",
          "gaussian",
          "orthogonal",
          "pissa",
          "pissa_niter_N",
          "olora",
          "eva",
          "loftq");

  Pattern PISSA_ITERATIONS = Pattern.compile("pissa_niter_(\\d{1,4})");

  /**
   * Returns the initialisation of this name.
   *
   * @throws UserError if there is none
   */
  static Initialization named(String word) {
    return find(word)
        .orElseThrow(
            () ->
                new UserError(
                    "unknown initialisation '" + word + "'" + NearMiss.hint(word, WORDS)));
  }

  /** Returns the initialisation of this name; empty if there is none. */
  static Optional<Initialization> find(String word) {
    Matcher iterations = PISSA_ITERATIONS.matcher(word);
    if (iterations.matches()) {
      return Optional.of(new Pissa(Integer.parseInt(iterations.group(1))));
    }
    return Optional.ofNullable(
        switch (word) {
          case "true" -> new Standard();
          case "false" -> new Random();
          case "gaussian" -> new Gaussian();
          case "orthogonal" -> new Orthogonal();
          case "pissa" -> new Pissa(0);
          case "olora" -> new Olora();
          case "eva" -> new Eva();
          case "loftq" -> new Loftq();
          default -> null;
        });
  }

  /** Returns PEFT's name. */
  default String word() {
    if (this instanceof Pissa pissa) {
      return pissa.iterations() == 0 ? "pissa" : "pissa_niter_" + pissa.iterations();
    }
    if (this instanceof Standard) {
      return "true";
    }
    return this instanceof Random ? "false" : getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  /** Returns whether the same base always gives the same A and B. */
  default boolean isRepeatable() {
    return !(this instanceof Pissa pissa) || pissa.iterations() == 0;
  }

  /**
   * Requires that the same base always gives the same A and B, as a resumed run needs.
   *
   * @throws UserError if a random part can't be reproduced
   */
  default void requireRepeatable() {
    if (!isRepeatable()) {
      throw new UserError(
          "a run with init_lora_weights = %s can't resume: the random part of its initialisation"
                  .formatted(word())
              + " can't be reproduced; start a new run, with pissa for instance");
    }
  }

  /** Returns whether the adapter is for another base than the one that it was added to. */
  default boolean changesBase() {
    return takesFromBase() || (this instanceof Loftq loftq && loftq.iterations() > 1);
  }

  /** Returns whether a part of the base's weight moves into the adapter. */
  default boolean takesFromBase() {
    return this instanceof Pissa || this instanceof Olora;
  }
}
