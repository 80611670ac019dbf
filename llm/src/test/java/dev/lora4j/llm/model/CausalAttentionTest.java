package dev.lora4j.llm.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.model.CausalAttention.Text;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.SoftCap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Attention in query blocks equals softmax(q kᵀ / √dim) v over the keys that each token attends to.
 */
class CausalAttentionTest {
  private static final double TOLERANCE = 2e-5; // sums of up to 330 values in another order
  private static final int BATCH = 2;
  private static final int GROUPS = 2;
  private static final int HEADS = 4;
  private static final int DIM = 8;

  @Property(tries = 60)
  void everyTokenAttendsToThoseBeforeIt(
      @ForAll @IntRange(min = 1, max = 230) int length,
      @ForAll @IntRange(min = 0, max = 100) int before,
      @ForAll @IntRange(min = 0, max = 200) int window,
      @ForAll @IntRange(min = 1, max = 230) int another,
      @ForAll boolean capped,
      @ForAll long seed) {
    OptionalLong seen = window == 0 ? OptionalLong.empty() : OptionalLong.of(window);
    Optional<SoftCap> cap = capped ? Optional.of(new SoftCap(0.8)) : Optional.empty();
    AttentionRule rule = new AttentionRule(seen, cap, 0);
    try (PointerScope scope = new PointerScope()) {
      torch.manual_seed(seed);
      Tensor q = random(length, HEADS);
      Tensor k = random(before + length, GROUPS);
      Tensor v = random(before + length, GROUPS);
      Tensor upstream = torch.randn(BATCH, length, HEADS * DIM);

      CausalAttention attention =
          new CausalAttention(List.of(new Text(0, another), new Text(before, length)));
      attention.prepare(seen, q);
      Tensor found = attention.attend(q, k.transpose(1, 2), v.transpose(1, 2), rule);
      Ops.backward(found, upstream);
      List<Tensor> gradients = List.of(q.grad().clone(), k.grad().clone(), v.grad().clone());
      List.of(q, k, v).forEach(tensor -> tensor.grad().zero_());
      Tensor expected = writtenOut(q, k, v, before, rule);
      Ops.backward(expected, upstream);

      assertClose(found, expected);
      assertClose(gradients.get(0), q.grad());
      assertClose(gradients.get(1), k.grad());
      assertClose(gradients.get(2), v.grad());
    }
  }

  private static void assertClose(Tensor found, Tensor expected) {
    double furthest = found.sub(expected).abs().max().item_double();
    double largest = expected.abs().max().item_double();
    assertThat(furthest).isLessThan(TOLERANCE * (1 + largest));
  }

  private static Tensor random(long tokens, long heads) {
    return torch.randn(BATCH, tokens, heads, DIM).requires_grad_(true);
  }

  private static Tensor writtenOut(Tensor q, Tensor k, Tensor v, long before, AttentionRule rule) {
    OptionalLong window = rule.window();
    long length = q.size(1);
    Tensor distance =
        Ops.range(before, before + length).unsqueeze(1).sub(Ops.range(0, before + length));
    Tensor hidden = distance.lt(new Scalar(0));
    if (window.isPresent()) {
      hidden = hidden.logical_or(distance.ge(new Scalar(window.getAsLong())));
    }
    Tensor[] heads = new Tensor[HEADS];
    for (int head = 0; head < HEADS; head++) {
      int group = head / (HEADS / GROUPS);
      Tensor scores =
          q.select(2, head)
              .matmul(k.select(2, group).transpose(1, 2))
              .mul(new Scalar(1 / Math.sqrt(DIM)));
      Tensor capped = rule.scoreCap().map(cap -> cap.of(scores)).orElse(scores);
      Tensor masked = capped.masked_fill(hidden, new Scalar(Double.NEGATIVE_INFINITY));
      heads[head] = masked.softmax(-1).matmul(v.select(2, group));
    }
    return Ops.join(2, heads);
  }
}
