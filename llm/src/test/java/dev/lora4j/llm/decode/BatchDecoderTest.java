package dev.lora4j.llm.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.decode.BatchDecoder.Adapted;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Batched decoding gives the logits of the model's forward pass (tolerance {@code 2e-5}, relative
 * to the largest value), and each sequence the same bits as alone.
 */
class BatchDecoderTest {
  private static final double TOLERANCE = 2e-5;
  private static final int STEPS = 6;
  private static final String BASE = "";

  static Stream<String> llamas() {
    return SavedFamilies.all().filter(family -> !family.equals("gpt2"));
  }

  /** A model with two adapters, and the memory of a server. */
  private static final class Served implements AutoCloseable {
    final PointerScope scope = new PointerScope();
    final NoGradGuard guard = new NoGradGuard();
    final Pretrained base;
    final LoraModel adapted;
    final KvBlockPool pool;
    final BatchDecoder decoder;

    Served(String family, int maxRows) {
      base = Pretrained.load(SavedFamilies.directory(family));
      Engine.seed(3);
      adapted = Lora.adapt(base.model(), LoraConfig.rank(4).targets(Targets.everyLinear()));
      randomise("default");
      add("second", LoraConfig.rank(3).targets(Targets.everyLinear()));
      base.model().train(false);
      KvShape shape = KvShape.of(base.model().config());
      pool = new KvBlockPool(shape, 100 * shape.blockBytes());
      decoder = new BatchDecoder(adapted(BASE).orElseThrow(), maxRows);
    }

    void add(String name, LoraConfig config) {
      adapted.add(name, config);
      base.model().train(false);
      randomise(name);
    }

    private void randomise(String name) {
      for (Parameter parameter : adapted.parameters(name)) {
        Tensor change = torch.randn(parameter.shape()).mul(Ops.keepScalar(0.1));
        parameter.copyFrom(parameter.isZero() ? change : parameter.value().add(change));
      }
    }

    LanguageModel model() {
      return base.model();
    }

    AdapterScope using(String adapter) {
      return adapter.equals(BASE) ? adapted.disabled() : adapted.using(adapter);
    }

    Optional<Adapted> adapted(String adapter) {
      try (AdapterScope active = using(adapter)) {
        return Adapted.of(model());
      }
    }

    Text text(String adapter, long... prompt) {
      return new Text(this, adapter, prompt);
    }

    @Override
    public void close() {
      decoder.close();
      pool.close();
      base.close();
      guard.close();
      scope.close();
    }
  }

  /** A sequence of greedy tokens with the logits of each step. */
  private static final class Text implements AutoCloseable {
    final Served served;
    final String adapter;
    final long[] prompt;
    final Adapted weights;
    final KvSequence cache;
    int chunks; // of the prompt that were computed
    final List<Long> tokens = new ArrayList<>();
    final List<float[]> logits = new ArrayList<>();

    Text(Served served, String adapter, long... prompt) {
      this.served = served;
      this.adapter = adapter;
      this.prompt = prompt;
      weights = served.adapted(adapter).orElseThrow();
      cache = served.pool.open(adapter, prompt, prompt.length + STEPS).orElseThrow();
      try (AdapterScope active = served.using(adapter)) {
        Tensor hidden;
        do {
          hidden = cache.prefill(served.model());
          chunks++;
        } while (cache.isPrefilling());
        take(served.model().logits(hidden).flatten());
      }
    }

    void take(Tensor row) {
      logits.add(Ops.floats(row));
      tokens.add(row.argmax().item_long());
    }

    BatchDecoder.Row next() {
      return new BatchDecoder.Row(weights, cache, tokens.get(tokens.size() - 1));
    }

    /** The same tokens' logits by the model's forward pass. */
    List<Tensor> expected() {
      List<Tensor> expected = new ArrayList<>();
      try (AdapterScope active = served.using(adapter);
          KeyValueCache plain = served.model().newCache()) {
        Tensor hidden = served.model().hidden(TokenBatch.of(prompt), plain);
        expected.add(served.model().logits(hidden.select(1, prompt.length - 1)).flatten());
        for (int i = 0; i < tokens.size() - 1; i++) {
          hidden = served.model().hidden(TokenBatch.of(tokens.get(i)), plain);
          expected.add(served.model().logits(hidden).flatten());
        }
      }
      return expected;
    }

    @Override
    public void close() {
      cache.close();
    }
  }

  private static void decode(Served served, List<Text> batch) {
    for (int i = 0; i < STEPS - 1; i++) {
      Tensor logits = served.decoder.step(batch.stream().map(Text::next).toList());
      IntStream.range(0, batch.size()).forEach(row -> batch.get(row).take(logits.select(0, row)));
    }
  }

  private static Text alone(Served served, Text like) {
    Text text = served.text(like.adapter, like.prompt);
    decode(served, List.of(text));
    return text;
  }

  private static long[] prompt(int length, long seed) {
    return new SplittableRandom(seed).longs(length, 3, 90).toArray();
  }

  @ParameterizedTest
  @MethodSource("llamas")
  void aBatchOfAdaptersGivesTheLogitsOfTheModel(String family) {
    try (Served served = new Served(family, 8)) {
      List<Text> batch =
          List.of(
              served.text(BASE, prompt(3, 1)),
              served.text("default", prompt(70, 2)),
              served.text("second", prompt(64, 3)));

      decode(served, batch);

      batch.forEach(BatchDecoderTest::assertLogitsOfTheModel);
    }
  }

  private static void assertLogitsOfTheModel(Text text) {
    List<Tensor> expected = text.expected();
    for (int i = 0; i < STEPS; i++) {
      Tensor logits = Ops.tensor(text.logits.get(i), text.logits.get(i).length);
      TensorAssert.assertThat(logits).isCloseTo(expected.get(i), TOLERANCE);
    }
  }

  private static void assertSameBits(Text text, Text other) {
    assertThat(other.tokens).isEqualTo(text.tokens);
    for (int i = 0; i < STEPS; i++) {
      assertThat(other.logits.get(i)).isEqualTo(text.logits.get(i));
    }
  }

  static Stream<LoraConfig> otherAdapters() {
    LoraConfig config = LoraConfig.rank(3).targets(Targets.everyLinear());
    return Stream.of(
        config.dora(true),
        config.bias(BiasTraining.ALL),
        config.modulesToSave("norm", "input_layernorm"),
        config.modulesToSave("embed_tokens"),
        config.modulesToSave("v_proj"));
  }

  @ParameterizedTest
  @MethodSource("otherAdapters")
  void anAdapterThatReplacesWeightsSharesABatchWithOthers(LoraConfig config) {
    try (Served served = new Served("qwen2", 8)) {
      served.add("other", config);
      List<Text> batch =
          List.of(
              served.text(BASE, prompt(3, 1)),
              served.text("other", prompt(70, 2)),
              served.text("second", prompt(64, 3)),
              served.text("other", prompt(5, 4)));

      decode(served, batch);

      batch.forEach(BatchDecoderTest::assertLogitsOfTheModel);
      batch.forEach(text -> assertSameBits(text, alone(served, text)));
    }
  }

  @Test
  void trainedTokensOfOneAdapterLeaveTheOthersBatched() {
    try (Served served = new Served("llama3", 8)) {
      served.add(
          "tokens", LoraConfig.rank(3).trainableTokens(Map.of("embed_tokens", List.of(1L, 5L))));

      assertThat(served.adapted("tokens")).isEmpty();
      assertThat(served.adapted("second")).isPresent();
      assertThat(served.adapted(BASE)).isPresent();
    }
  }

  @ParameterizedTest
  @MethodSource("llamas")
  void aSequenceHasTheSameBitsInAnyBatch(String family) {
    try (Served served = new Served(family, 24)) {
      List<Text> batch = new ArrayList<>();
      List<String> adapters = List.of(BASE, "default", "second");
      for (int i = 0; i < 19; i++) {
        batch.add(served.text(adapters.get(i % 3), prompt(2 + 5 * i, i)));
      }

      decode(served, batch);

      for (Text text : batch) {
        try (Text alone = alone(served, text)) {
          assertSameBits(text, alone);
        }
      }
    }
  }

  @Test
  void aLongPromptIsPrefilledByATeamAsByOneThread() {
    try (Served served = new Served("llama3", 8);
        Workers workers = new Workers(4)) {
      long[] prompt = prompt(110, 6);
      Text serial = served.text("default", prompt);
      Tensor expected = Ops.tensor(serial.logits.get(0), serial.logits.get(0).length);
      float[] first = new float[0];
      for (int i = 0; i < 30; i++) {
        served.pool.forget("default");
        try (ThreadTeam team = ThreadTeam.open(4, part -> workers.run(part::accept));
            Text parallel = served.text("default", prompt)) {
          float[] found = parallel.logits.get(0);
          TensorAssert.assertThat(Ops.tensor(found, found.length)).isCloseTo(expected, TOLERANCE);
          first = i == 0 ? found : first;
          assertThat(found).isEqualTo(first);
        }
      }
    }
  }

  @Test
  void threadsDoNotChangeTheBits() {
    try (Served served = new Served("llama3", 8);
        Workers workers = new Workers(2)) {
      List<Text> serial =
          List.of(served.text(BASE, prompt(5, 1)), served.text("second", prompt(9, 2)));
      decode(served, serial);
      List<Text> parallel =
          List.of(served.text(BASE, prompt(5, 1)), served.text("second", prompt(9, 2)));
      try (ThreadTeam team = ThreadTeam.open(2, part -> workers.run(part::accept))) {
        decode(served, parallel);
      }

      for (int row = 0; row < 2; row++) {
        for (int i = 0; i < STEPS; i++) {
          assertThat(parallel.get(row).logits.get(i)).isEqualTo(serial.get(row).logits.get(i));
        }
      }
    }
  }

  @Test
  void aCachedPrefixHasTheSameBitsAsAComputedOne() {
    try (Served served = new Served("llama3", 8)) {
      long[] prompt = prompt(100, 4);
      Text first = served.text("default", prompt);
      decode(served, List.of(first));
      first.close();

      Text second = served.text("default", prompt);
      decode(served, List.of(second));

      assertThat(first.chunks).isEqualTo(2);
      assertThat(second.chunks).isEqualTo(1);
      for (int i = 0; i < STEPS; i++) {
        assertThat(second.logits.get(i)).isEqualTo(first.logits.get(i));
      }
    }
  }

  @Test
  void prefixesAreCachedForTheirOwnAdapterOnly() {
    try (Served served = new Served("llama3", 8)) {
      long[] prompt = prompt(100, 4);
      served.text("default", prompt).close();

      assertThat(served.text("second", prompt).chunks).isEqualTo(2);
      assertThat(served.text("default", prompt).chunks).isEqualTo(1);
      served.pool.forget("default");
      assertThat(served.text("default", prompt).chunks).isEqualTo(2);
    }
  }

  @Test
  void aPoolOpensOnlyWhatFitsAndEvictsOldPrefixes() {
    try (Served served = new Served("llama3", 8);
        KvBlockPool pool =
            new KvBlockPool(
                KvShape.of(served.model().config()), 3 * served.pool.shape().blockBytes())) {
      for (int i = 0; i < 5; i++) {
        KvSequence sequence = pool.open(BASE, prompt(70, i), 80).orElseThrow();
        assertThat(pool.open(BASE, prompt(70, 9), 80)).isEmpty();
        while (sequence.isPrefilling()) {
          sequence.prefill(served.model());
        }
        sequence.close();
      }

      assertThat(pool.usage()).isLessThanOrEqualTo(1);
    }
  }
}
