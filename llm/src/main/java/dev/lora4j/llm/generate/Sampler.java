package dev.lora4j.llm.generate;

import dev.lora4j.nn.NotFinite;
import dev.lora4j.nn.kernel.Ops;
import java.util.Collection;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Samples the tokens of one generation. It sorts only as many of the most probable tokens as top-k,
 * top-p and min-p can keep.
 */
public final class Sampler {
  private static final int FIRST_COUNT = 256;

  private final Sampling sampling;
  private final SplittableRandom random;

  public Sampler(Sampling sampling) {
    this.sampling = sampling;
    random = new SplittableRandom(sampling.seed());
  }

  /**
   * Samples the next token.
   *
   * @param logits {@code [vocabulary]}
   * @param occurred the tokens so far, prompt included
   * @throws NotFinite if a logit is NaN or positive infinity, or all are negative infinity
   */
  public long next(Tensor logits, Collection<Long> occurred) {
    Tensor scores = sampling.repetitionPenalty() == 1 ? logits : penalized(logits, occurred);
    return sampling.isGreedy() ? likeliest(scores) : drawn(scores);
  }

  /** Returns the token of the largest score; to argmax, NaN is larger than any number. */
  private static long likeliest(Tensor scores) {
    long token = scores.argmax().item_long();
    if (!Double.isFinite(scores.select(0, token).item_double())) {
      throw new NotFinite("the logits of the next token");
    }
    return token;
  }

  private Tensor penalized(Tensor logits, Collection<Long> occurred) {
    Scalar penalty = new Scalar(sampling.repetitionPenalty());
    Tensor ids =
        Ops.tensor(occurred.stream().distinct().mapToLong(Long::longValue).toArray())
            .to(logits.device(), torch.ScalarType.Long);
    Tensor seen = logits.index_select(0, ids);
    Tensor lower = torch.where(seen.lt(new Scalar(0)), seen.mul(penalty), seen.div(penalty));
    return logits.index_copy(0, ids, lower);
  }

  private long drawn(Tensor scores) {
    Tensor scaled = scores.to(torch.ScalarType.Float).div(new Scalar(sampling.temperature()));
    double logOfAll = scaled.logsumexp(0).item_float();
    if (!Double.isFinite(logOfAll)) {
      return likeliest(scores); // the limit of a temperature that is too low to divide by
    }
    int vocabulary = Math.toIntExact(scaled.numel());
    int limit = sampling.topK() == 0 ? vocabulary : Math.min(sampling.topK(), vocabulary);
    for (int count = Math.min(FIRST_COUNT, limit); ; count = Math.min(4 * count, limit)) {
      TopTokens topTokens = topTokens(scaled, count, logOfAll);
      // Top-p applies to the probability mass that top-k leaves, known once all of it is sorted.
      double total = sampling.topK() == 0 ? 1 : topTokens.total();
      int kept = topTokens.kept(sampling.topP() * total, sampling.minP());
      if (kept < count || count == limit) {
        return topTokens.draw(kept, random);
      }
    }
  }

  private static TopTokens topTokens(Tensor scaled, int count, double logOfAll) {
    T_TensorTensor_T top = torch.topk(scaled, count);
    return new TopTokens(Ops.longs(top.get1()), probabilities(Ops.floats(top.get0()), logOfAll));
  }

  private static double[] probabilities(float[] logits, double logOfAll) {
    double[] probabilities = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = Math.exp(logits[i] - logOfAll);
    }
    return probabilities;
  }

  /** The most probable tokens and their probabilities, in descending order. */
  private static final class TopTokens {
    private final long[] tokens;
    private final double[] probabilities;

    TopTokens(long[] tokens, double[] probabilities) {
      this.tokens = tokens;
      this.probabilities = probabilities;
    }

    double total() {
      double total = 0;
      for (double probability : probabilities) {
        total += probability;
      }
      return total;
    }

    /** Number of tokens that top-p's mass and min-p's threshold keep, at least one. */
    int kept(double mass, double minP) {
      double sum = 0;
      int kept = 0;
      while (kept < tokens.length
          && (kept == 0
              || (sum < mass
                  && probabilities[kept] > 0
                  && probabilities[kept] >= minP * probabilities[0]))) {
        sum += probabilities[kept];
        kept++;
      }
      return kept;
    }

    long draw(int kept, SplittableRandom random) {
      double sum = 0;
      for (int i = 0; i < kept; i++) {
        sum += probabilities[i];
      }
      double left = random.nextDouble() * sum;
      for (int i = 0; i < kept - 1; i++) {
        left -= probabilities[i];
        if (left < 0) {
          return tokens[i];
        }
      }
      return tokens[kept - 1];
    }
  }
}
