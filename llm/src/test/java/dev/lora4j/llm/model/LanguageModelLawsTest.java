package dev.lora4j.llm.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Packing, prefix sharing and the KV cache leave the hidden states as they are. Tolerance {@code
 * 1e-5}, relative to the largest value: sums are taken in another order.
 */
class LanguageModelLawsTest {
  private static final double TOLERANCE = 1e-5;
  private static final String FAMILIES = "dev.lora4j.llm.model.SavedFamilies#all";
  private static final long[] TEXT = {5, 17, 42, 8, 90, 33, 61, 12, 77, 4, 29, 50, 66, 3};

  private interface Check {
    void of(LanguageModel model);
  }

  private static void with(String family, Check check) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      check.of(base.model());
    }
  }

  private static Tensor row(Tensor hidden, long from, long count) {
    return hidden.select(0, 0).narrow(0, from, count);
  }

  /** Texts in {@code rows} rows of the same length, in the order of their tokens. */
  private static TokenBatch packed(int rows, long[]... texts) {
    PrefixTree layout =
        PrefixTree.of(
            Arrays.stream(texts)
                .map(text -> Arrays.stream(text).mapToInt(token -> (int) token).toArray())
                .toList());
    return TokenBatch.packed(
        matrix(rows, layout.tokens()), matrix(rows, layout.positions()), layout);
  }

  private static Tensor matrix(int rows, int... values) {
    return Ops.tensor(Arrays.stream(values).asLongStream().toArray()).view(rows, -1);
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void packedSequencesEqualSeparateOnes(String family) {
    with(
        family,
        model -> {
          long[] one = Arrays.copyOf(TEXT, 8);
          long[] two = Arrays.copyOfRange(TEXT, 8, 13);
          Tensor packed = model.hidden(packed(1, one, two, new long[] {95}));

          Tensor first = model.hidden(TokenBatch.of(one));
          Tensor second = model.hidden(TokenBatch.of(two));
          TensorAssert.assertThat(row(packed, 0, 8)).isCloseTo(row(first, 0, 8), TOLERANCE);
          TensorAssert.assertThat(row(packed, 8, 5)).isCloseTo(row(second, 0, 5), TOLERANCE);
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void rowsOfPackedSequencesEqualSeparateOnes(String family) {
    with(
        family,
        model -> {
          long[] one = Arrays.copyOf(TEXT, 4); // begins with 5, the next ones with 61 and 90
          long[] three = Arrays.copyOfRange(TEXT, 4, 10);
          Tensor packed = model.hidden(packed(2, one, new long[] {61, 12}, three));

          Tensor first = model.hidden(TokenBatch.of(one));
          Tensor third = model.hidden(TokenBatch.of(three));
          TensorAssert.assertThat(row(packed, 0, 4)).isCloseTo(row(first, 0, 4), TOLERANCE);
          TensorAssert.assertThat(packed.select(0, 1)).isCloseTo(row(third, 0, 6), TOLERANCE);
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void aSharedPrefixServesAllItsSequences(String family) {
    with(
        family,
        model -> {
          long[] stem = Arrays.copyOf(TEXT, 4);
          long[] one = {stem[0], stem[1], stem[2], stem[3], 4, 8};
          long[] two = {stem[0], stem[1], stem[2], stem[3], 9, 5, 7};
          Tensor both = model.hidden(packed(1, one, two));

          Tensor first = model.hidden(TokenBatch.of(one));
          Tensor second = model.hidden(TokenBatch.of(two));
          TensorAssert.assertThat(row(both, 0, 6)).isCloseTo(row(first, 0, 6), TOLERANCE);
          TensorAssert.assertThat(row(both, 6, 3)).isCloseTo(row(second, 4, 3), TOLERANCE);
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void cachedPiecesEqualTheWholeSequence(String family) {
    with(
        family,
        model -> {
          Tensor whole = model.hidden(TokenBatch.of(TEXT));
          try (KeyValueCache cache = model.newCache(2)) { // so that it must grow
            int done = 0;
            for (int piece : new int[] {3, 1, 1, 6, 1, 2}) {
              long[] ids = Arrays.copyOfRange(TEXT, done, done + piece);
              Tensor hidden = model.hidden(TokenBatch.of(ids), cache);
              TensorAssert.assertThat(row(hidden, 0, piece))
                  .isCloseTo(row(whole, done, piece), TOLERANCE);
              done += piece;
            }
            assertThat(cache.length()).isEqualTo(TEXT.length);
          }
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void aTruncatedCacheContinuesAnotherSequence(String family) {
    with(
        family,
        model -> {
          try (KeyValueCache cache = model.newCache()) {
            model.hidden(TokenBatch.of(TEXT), cache);
            cache.truncate(4);
            Tensor other = model.hidden(TokenBatch.of(90, 91), cache);

            Tensor whole = model.hidden(TokenBatch.of(5, 17, 42, 8, 90, 91));
            TensorAssert.assertThat(row(other, 0, 2)).isCloseTo(row(whole, 4, 2), TOLERANCE);
          }
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void laterTokensChangeNothing(String family) {
    with(
        family,
        model -> {
          Tensor padded = model.hidden(TokenBatch.of(5, 17, 42, 0, 0, 0, 0));
          Tensor alone = model.hidden(TokenBatch.of(5, 17, 42));
          TensorAssert.assertThat(row(padded, 0, 3)).isCloseTo(row(alone, 0, 3), TOLERANCE);
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void anAdapterOnAllLinearLayersLeavesTheHeadOut(String family) {
    with(
        family,
        model -> {
          LoraModel adapted = Lora.adapt(model, LoraConfig.rank(2));
          assertThat(adapted.layers().keySet())
              .isNotEmpty()
              .allMatch(path -> path.matches(".*\\.\\d+\\..*"));
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void withoutTargetsTheFamilysDefaultsAreAdapted(String family) {
    with(
        family,
        model -> {
          LoraModel adapted =
              Lora.adapt(model, LoraConfig.rank(2).targets(Targets.ofArchitecture()));
          String expected = ".*c_attn|.*self_attn\\.([qv]|qkv)_proj";
          assertThat(adapted.layers().keySet())
              .hasSizeGreaterThan(1)
              .allMatch(path -> path.matches(expected));
        });
  }

  @ParameterizedTest
  @MethodSource(FAMILIES)
  void packedSequencesCannotContinueACache(String family) {
    with(
        family,
        model -> {
          TokenBatch packed = packed(1, TEXT);
          try (KeyValueCache cache = model.newCache()) {
            assertThatThrownBy(() -> model.hidden(packed, cache))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("cache");
          }
        });
  }
}
