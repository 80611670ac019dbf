package dev.lora4j.llm.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import java.util.Arrays;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A prefill in parts equals one thread's prefill. Tolerance 1e-5, relative. */
class PipelinedPrefillTest {
  private static final double TOLERANCE = 1e-5;
  private static final long[] PROMPT = LongStream.range(0, 45).map(i -> i * 37 % 89 + 3).toArray();

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

  private static Tensor read(LanguageModel model, int threads, KeyValueCache cache, long... ids) {
    try (Workers workers = new Workers(threads);
        ThreadTeam crew = ThreadTeam.open(threads, part -> workers.run(part::accept))) {
      return Prefill.read(model, ids, cache);
    }
  }

  private static void assertPrefilledAsByOne(LanguageModel model, int threads) {
    try (KeyValueCache cache = model.newCache(2);
        KeyValueCache ofOne = model.newCache()) {
      int first = 19; // the rest goes on from a cache
      read(model, threads, cache, Arrays.copyOf(PROMPT, first));
      Tensor last = read(model, threads, cache, Arrays.copyOfRange(PROMPT, first, PROMPT.length));

      Tensor expected = model.hidden(TokenBatch.of(PROMPT), ofOne).select(1, PROMPT.length - 1L);
      TensorAssert.assertThat(last).isCloseTo(expected, TOLERANCE);
      assertThat(cache.length()).isEqualTo(PROMPT.length);
      for (int layer = 0; layer < model.layerwise(TokenBatch.of(PROMPT)).layers(); layer++) {
        assertSame(cache.memory(layer).keys(), ofOne.memory(layer).keys());
        assertSame(cache.memory(layer).values(), ofOne.memory(layer).values());
      }
    }
  }

  private static void assertSame(Tensor found, Tensor expected) {
    TensorAssert.assertThat(found.narrow(2, 0, PROMPT.length))
        .isCloseTo(expected.narrow(2, 0, PROMPT.length), TOLERANCE);
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.model.SavedFamilies#all")
  void threadsPrefillWhatOneDoes(String family) {
    with(
        family,
        model -> {
          for (int threads = 1; threads <= 3; threads++) {
            assertPrefilledAsByOne(model, threads);
          }
        });
  }

  @Test
  void theTeamUsesTheAdaptersOfTheCaller() {
    with(
        "llama3",
        model -> {
          Engine.seed(8);
          LoraModel adapted = Lora.adapt(model, LoraConfig.rank(2));
          adapted
              .parameters("default")
              .forEach(p -> p.copyFrom(torch.randn(p.shape()).mul(Ops.keepScalar(0.1))));
          assertPrefilledAsByOne(model, 2);
          try (AdapterScope disabled = adapted.disabled()) {
            assertPrefilledAsByOne(model, 2);
          }
        });
  }

  @Test
  @Timeout(60)
  void aFailingPartKeepsNoThreadWaiting() {
    with(
        "llama3",
        model -> {
          long[] ids = PROMPT.clone();
          ids[0] = model.vocabularySize(); // the first thread's
          try (KeyValueCache cache = model.newCache()) {
            assertThatThrownBy(() -> read(model, 2, cache, ids))
                .isInstanceOf(RuntimeException.class)
                .hasMessageContaining("index out of range"); // not that somebody gave up
            assertThat(cache.length()).isZero();
          }
        });
  }

  @Property(tries = 200)
  void partsAreContiguousAndNotEmpty(
      @ForAll @IntRange(min = 1, max = 8) int parts,
      @ForAll @IntRange(min = 8, max = 4_000) int tokensOfEach) {
    PipelinedPrefill prompt =
        new PipelinedPrefill(new KeyValueCache(1), parts * tokensOfEach, parts);
    assertThat(prompt.start(0)).isZero();
    for (int i = 0; i < parts; i++) {
      assertThat(prompt.start(i + 1)).isGreaterThan(prompt.start(i));
    }
    assertThat(prompt.start(parts)).isEqualTo(parts * tokensOfEach);
  }
}
