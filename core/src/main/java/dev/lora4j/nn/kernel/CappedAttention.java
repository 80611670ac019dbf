package dev.lora4j.nn.kernel;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Attention with soft-capped scores, {@code softmax(cap · tanh(q kᵀ / (√dim · cap)) + mask) v},
 * which libtorch's fused attention does not offer. In an {@link AutogradContext} it saves its
 * inputs only and recomputes the scores in the backward, so the memory between forward and backward
 * does not grow with the number of pairs of tokens.
 *
 * <p>With R heads to a group, the queries of a group are {@code R · tokens} rows of one product.
 */
record CappedAttention(SoftCap cap, @Nullable Tensor mask, double dropout) {
  private static final ScalarTypeOptional SAME_DTYPE = new ScalarTypeOptional().retainReference();
  private static final long[] LAST = {-1};
  private static final Scalar MINUS_ONE = Ops.keepScalar(-1);

  /**
   * @param q {@code [batch, heads, tokens, dim]}
   * @param k as v, {@code [batch, groups, keys, dim]}
   * @return {@code [batch, heads, tokens, dim]}
   */
  Tensor of(Tensor q, Tensor k, Tensor v) {
    AutogradContext pass = AutogradContext.current();
    boolean learns = q.requires_grad() || k.requires_grad() || v.requires_grad();
    return pass == null || !learns || dropout > 0
        ? plain(q, k, v)
        : withOwnMask().in(pass, q, k, v);
  }

  /** The same over a handle of the mask that the context may free. */
  private CappedAttention withOwnMask() {
    return mask == null ? this : new CappedAttention(cap, mask.detach(), dropout);
  }

  private Tensor plain(Tensor q, Tensor k, Tensor v) {
    Tensor weights = masked(cap.of(scores(q, k)), q).softmax(-1);
    Tensor kept = dropout > 0 ? Ops.dropout(weights, dropout) : weights;
    return rowsOfGroups(kept, k).matmul(v).view(q.sizes());
  }

  /** {@code [batch, groups, R · tokens, keys]}. */
  private static Tensor scores(Tensor q, Tensor k) {
    double scale = 1 / Math.sqrt(q.size(3));
    return rowsOfGroups(q, k).matmul(k.transpose(2, 3)).mul(new Scalar(scale));
  }

  /** Views {@code [batch, heads, tokens, …]} as {@code [batch, groups, R · tokens, …]}. */
  private static Tensor rowsOfGroups(Tensor x, Tensor k) {
    return x.reshape(x.size(0), k.size(1), -1, x.size(-1));
  }

  /** Adds the mask; returns {@code [batch, heads, tokens, keys]}. */
  private Tensor masked(Tensor scores, Tensor q) {
    Tensor byHead = scores.view(q.size(0), q.size(1), q.size(2), -1);
    return mask == null ? byHead : byHead.add(mask);
  }

  // ---- in an autograd context ----

  /**
   * In the graph the result is {@code q + Σ k + Σ v}, so gradients flow to all three inputs; hooks
   * replace them there. The hook on the result computes the gradients and runs first.
   */
  private Tensor in(AutogradContext pass, Tensor q, Tensor k, Tensor v) {
    Tensor queries = torch.alias(q);
    Tensor keys = torch.alias(k);
    Tensor values = torch.alias(v);
    Tensor result = queries.add(keys.sum().add(values.sum()));
    Gradients gradients = new Gradients(q.detach(), k.detach(), v.detach());
    try (NoGradGuard guard = new NoGradGuard()) {
      result.detach().copy_(plain(gradients.q, gradients.k, gradients.v));
    }
    pass.onBackward(result, gradients.needed(mask), gradients::compute);
    gradients.replace(pass, queries, 0);
    gradients.replace(pass, keys, 1);
    gradients.replace(pass, values, 2);
    return torch.alias(result); // a hook on the output runs before the one on the result
  }

  /** The gradients of the inputs, each computed once and taken once. */
  private final class Gradients {
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final boolean[] isWanted = new boolean[3];
    private final @Nullable Tensor[] computed = new Tensor[3];

    Gradients(Tensor q, Tensor k, Tensor v) {
      this.q = q;
      this.k = k;
      this.v = v;
    }

    /** The tensors to keep until the backward. */
    List<Tensor> needed(@Nullable Tensor mask) {
      return mask == null ? List.of(q, k, v) : List.of(q, k, v, mask);
    }

    /** Replaces the gradient of one of the inputs, unless it needs none. */
    void replace(AutogradContext pass, Tensor input, int number) {
      isWanted[number] = input.requires_grad();
      if (isWanted[number]) {
        pass.onBackward(input, List.of(), g -> requireNonNull(computed[number]));
      }
    }

    /** Computes all gradients from that of the result, which it returns unchanged. */
    Tensor compute(Tensor g) {
      double scale = 1 / Math.sqrt(q.size(3));
      Tensor rows = rowsOfGroups(q, k); // [B, G, R · T, D]
      Tensor ofRows = rowsOfGroups(g, k);
      Tensor ratio = cap.ratioInPlace(scores(q, k)); // [B, G, R · T, K]
      Tensor weights =
          rowsOfGroups(masked(ratio.mul(new Scalar(cap.cap())), q).softmax(-1), k); // as ratio
      Tensor ofWeights = ofRows.matmul(v.transpose(2, 3));
      Tensor mean = ofWeights.mul(weights).sum(LAST, true, SAME_DTYPE);
      Tensor ofScores = ofWeights.sub_(mean).mul_(weights);
      ofScores.addcmul_(ofScores.mul(ratio), ratio, MINUS_ONE).mul_(new Scalar(scale));
      keep(0, ofScores.matmul(k).view(q.sizes()));
      keep(1, ofScores.transpose(2, 3).matmul(rows));
      keep(2, weights.transpose(2, 3).matmul(ofRows));
      return g;
    }

    private void keep(int input, Tensor gradient) {
      if (isWanted[input]) {
        computed[input] = Ops.keep(gradient);
      }
    }
  }
}
