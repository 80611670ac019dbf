package dev.lora4j.models.generation;

import dev.lora4j.nn.Ops;
import java.util.Collection;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Chooses tokens of one text. Of a large vocabulary only the likeliest tokens are looked at: as
 * many as it takes for the rest to be cut off for certain.
 */
final class Sampler {
  private static final int FIRST_LOOK = 256;

  private final Sampling sampling;
  private final SplittableRandom random;

  Sampler(Sampling sampling) {
    this.sampling = sampling;
    random = new SplittableRandom(sampling.seed());
  }

  /**
   * The next token.
   *
   * @param logits {@code [vocabulary]}
   * @param occurred the tokens of the text so far
   */
  long next(Tensor logits, Collection<Long> occurred) {
    Tensor scores = sampling.repetitionPenalty() == 1 ? logits : penalized(logits, occurred);
    return sampling.isGreedy() ? scores.argmax().item_long() : drawn(scores);
  }

  private Tensor penalized(Tensor logits, Collection<Long> occurred) {
    Scalar penalty = new Scalar(sampling.repetitionPenalty());
    Tensor ids =
        Ops.tensor(occurred.stream().distinct().mapToLong(Long::longValue).toArray())
            .to(logits.device(), torch.ScalarType.Long);
    Tensor of = logits.index_select(0, ids);
    Tensor lower = torch.where(of.lt(new Scalar(0)), of.mul(penalty), of.div(penalty));
    return logits.index_copy(0, ids, lower);
  }

  private long drawn(Tensor scores) {
    Tensor scaled = scores.to(torch.ScalarType.Float).div(new Scalar(sampling.temperature()));
    double logOfAll = scaled.logsumexp(0).item_float();
    int vocabulary = Math.toIntExact(scaled.numel());
    int limit = sampling.topK() == 0 ? vocabulary : Math.min(sampling.topK(), vocabulary);
    for (int look = Math.min(FIRST_LOOK, limit); ; look = Math.min(4 * look, limit)) {
      Likeliest likeliest = likeliest(scaled, look, logOfAll);
      // Top-p's share is of what top-k leaves, which is known once all of that is seen.
      double total = sampling.topK() == 0 ? 1 : likeliest.total();
      int kept = likeliest.kept(sampling.topP() * total, sampling.minP());
      if (kept < look || look == limit) {
        return likeliest.draw(kept, random);
      }
    }
  }

  private static Likeliest likeliest(Tensor scaled, int count, double logOfAll) {
    T_TensorTensor_T top = torch.topk(scaled, count);
    return new Likeliest(Ops.longs(top.get1()), probabilities(Ops.floats(top.get0()), logOfAll));
  }

  private static double[] probabilities(float[] logits, double logOfAll) {
    double[] probabilities = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      probabilities[i] = Math.exp(logits[i] - logOfAll);
    }
    return probabilities;
  }

  /** The likeliest tokens and their probabilities, likeliest first. */
  private static final class Likeliest {
    private final long[] tokens;
    private final double[] probabilities;

    Likeliest(long[] tokens, double[] probabilities) {
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

    /** How many stay, at least one: until the mass is reached, and while they are large enough. */
    int kept(double mass, double minP) {
      double sum = 0;
      int kept = 0;
      while (kept < tokens.length
          && (kept == 0 || (sum < mass && probabilities[kept] >= minP * probabilities[0]))) {
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
