package dev.lora4j.nn.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.nn.runtime.Engine;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention of one new token equals that of the whole sequence. Tolerance 1e-5, relative. */
class DecodeAttentionTest {
  private static final double TOLERANCE = 1e-5;
  private static final Scalar NONSENSE = Ops.keepScalar(1e9); // must not be read
  private static final int CAPACITY = 40;
  private static final int PLACE = 32;

  @ParameterizedTest
  @CsvSource({"1, 33, ", "2, 33, ", "4, 33, ", "2, 5, ", "1, 1, ", "2, 33, 0.7"})
  void singleQueryEqualsTheQueryAmongOthers(int threads, long seen, @Nullable Double capOfScores) {
    Optional<SoftCap> cap = Optional.ofNullable(capOfScores).map(SoftCap::new);
    Engine.seed(threads);
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor q = torch.randn(1, 1, 6, 16);
      Tensor k = torch.randn(1, 2, PLACE + 1, 16);
      Tensor v = torch.randn(1, 2, PLACE + 1, 16);
      Tensor expected =
          Ops.attention(q.transpose(1, 2), seen(k, seen), seen(v, seen), null, false, cap, 0);
      Tensor keys = memory(k);
      Tensor values = memory(v);
      DecodeAttention next = new DecodeAttention(keys, values, PLACE, seen, cap);

      Tensor found = ParallelGemvTest.helped(threads, () -> next.attend(q, token(k), token(v)));

      TensorAssert.assertThat(found).isCloseTo(expected.view(1, 1, 96), TOLERANCE);
      TensorAssert.assertThat(keys.narrow(2, 0, PLACE + 1)).isCloseTo(k, 0);
      TensorAssert.assertThat(values.narrow(2, 0, PLACE + 1)).isCloseTo(v, 0);
    }
  }

  @Test
  void severalTokensRowsOrGradientsDoNotSuit() {
    try (PointerScope scope = new PointerScope()) {
      Tensor token = torch.randn(1, 1, 2, 16);
      assertThat(DecodeAttention.suits(token, token, token))
          .as("a gradient may be wanted")
          .isFalse();
      try (NoGradGuard guard = new NoGradGuard()) {
        Tensor tokens = torch.randn(1, 2, 2, 16);
        Tensor rows = torch.randn(2, 1, 2, 16);
        assertThat(DecodeAttention.suits(token, token, token)).isTrue();
        assertThat(DecodeAttention.suits(tokens, tokens, tokens)).isFalse();
        assertThat(DecodeAttention.suits(rows, rows, rows)).isFalse();
      }
    }
  }

  private static Tensor seen(Tensor all, long seen) {
    return all.narrow(2, PLACE + 1 - seen, seen);
  }

  private static Tensor token(Tensor all) {
    return all.narrow(2, PLACE, 1).transpose(1, 2).contiguous();
  }

  /** Returns a cache with the earlier tokens, and arbitrary values after them. */
  private static Tensor memory(Tensor all) {
    Tensor memory = torch.full(new long[] {1, 2, CAPACITY, 16}, NONSENSE);
    memory.narrow(2, 0, PLACE).copy_(all.narrow(2, 0, PLACE));
    return memory;
  }
}
