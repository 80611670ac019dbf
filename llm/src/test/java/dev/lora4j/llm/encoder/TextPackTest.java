package dev.lora4j.llm.encoder;

import static dev.lora4j.TensorAssert.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ThreadRng;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Packed texts attend to themselves alone. */
class TextPackTest {
  private static final int HEADS = 2;
  private static final int WIDTH = 8;
  private static final double NONE = 1e-12; // dropout that drops nothing
  private static final List<Integer> LENGTHS = List.of(40, 7, 3, 19, 7, 33, 1, 12, 40, 32, 64, 70);

  private final ThreadRng random = new ThreadRng();

  @BeforeEach
  void enter() {
    random.enter();
  }

  @AfterEach
  void leave() {
    random.leave();
    random.close();
  }

  private static UnpaddedTokens tokens(List<Integer> lengths) {
    List<TokenSequence> texts = new ArrayList<>();
    List<String> groups = new ArrayList<>();
    for (int length : lengths) {
      texts.add(TokenSequence.of(IntStream.range(1, 1 + length).toArray()));
      groups.add(texts.size() % 2 == 0 ? "a" : "b");
    }
    return UnpaddedTokens.of(texts, groups, new Device("cpu"));
  }

  private static Tensor rows(long count) {
    return torch.randn(new long[] {count, WIDTH});
  }

  @Test
  void packedTextsAttendAsTextsAlone() {
    try (PointerScope scope = new PointerScope()) {
      UnpaddedTokens tokens = tokens(LENGTHS);
      long all = LENGTHS.stream().mapToLong(Integer::longValue).sum();
      Tensor q = rows(all);
      Tensor k = rows(all);
      Tensor v = rows(all);
      Tensor first = rows(LENGTHS.size());
      BidirectionalAttention attention = new BidirectionalAttention(tokens);

      assertThat(attention.attend(q, k, v, HEADS, OptionalLong.empty(), NONE))
          .isCloseTo(attention.attend(q, k, v, HEADS, OptionalLong.empty(), 0), 1e-5);
      assertThat(attention.attendFirst(first, k, v, HEADS, NONE))
          .isCloseTo(attention.attendFirst(first, k, v, HEADS, 0), 1e-5);
    }
  }

  @Test
  void gradientsOfPackedTextsAreThoseOfTextsAlone() {
    try (PointerScope scope = new PointerScope()) {
      UnpaddedTokens tokens = tokens(List.of(5, 3, 9, 3, 40));
      Tensor q = rows(60).set_requires_grad(true);
      Tensor k = rows(60).set_requires_grad(true);
      Tensor v = rows(60);
      Tensor weight = rows(60);
      BidirectionalAttention attention = new BidirectionalAttention(tokens);

      Ops.backward(attention.attend(q, k, v, HEADS, OptionalLong.empty(), 0), weight);
      Tensor alone = q.grad().clone();
      Tensor aloneOfKeys = k.grad().clone();
      q.grad().zero_();
      k.grad().zero_();
      Ops.backward(attention.attend(q, k, v, HEADS, OptionalLong.empty(), NONE), weight);

      assertThat(q.grad()).isCloseTo(alone, 1e-5);
      assertThat(k.grad()).isCloseTo(aloneOfKeys, 1e-5);
    }
  }

  @Test
  void shortTextsShareAPackOfAtMost64Tokens() {
    try (PointerScope scope = new PointerScope()) {
      List<TextPack> packs = TextPack.of(tokens(LENGTHS).blocks());

      assertThat(packs.stream().map(pack -> pack.block().texts() * pack.block().length()))
          .containsExactly(49L, 32L, 33L, 80L, 64L, 70L);
      assertThat(packs.stream().map(TextPack::texts)).containsExactly(6L, 1L, 1L, 2L, 1L, 1L);
      assertThat(packs.stream().map(TextPack::firstText)).containsExactly(0L, 6L, 7L, 8L, 10L, 11L);
    }
  }
}
