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
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Texts that a {@link BatchDecoder} generates, and the logits that they should have. */
final class BatchFixture {
  static final double TOLERANCE = 2e-5; // relative to the largest value
  static final int STEPS = 6;
  static final String BASE = "";

  private BatchFixture() {}

  /** A server limits the texts of phi3_long, whose rotations change with their length. */
  static Stream<String> llamas() {
    return SavedFamilies.all()
        .filter(family -> !family.equals("gpt2") && !family.equals("phi3_long"));
  }

  /** A model with two adapters, and the memory of a server. */
  static final class Served implements AutoCloseable {
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
      decoder = new BatchDecoder(adapted(BASE).orElseThrow(), maxRows, maxRows + 100);
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

    /** Returns a text whose prompt the model's own forward has read. */
    Text text(String adapter, long... prompt) {
      Text text = new Text(this, adapter, prompt);
      text.prefill();
      return text;
    }

    /** Returns a text whose prompt the batch reads, so many tokens in a step. */
    Text textInSteps(int tokens, String adapter, long... prompt) {
      Text text = new Text(this, adapter, prompt);
      while (text.cache.isPrefilling()) {
        text.take(decoder.step(List.of(text.nextOfPrompt(tokens))).flatten());
      }
      return text;
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
  static final class Text implements AutoCloseable {
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
    }

    void prefill() {
      try (AdapterScope active = served.using(adapter)) {
        Tensor hidden;
        do {
          hidden = cache.prefill(served.model());
          chunks++;
        } while (cache.isPrefilling());
        take(served.model().logits(hidden).flatten());
      }
    }

    BatchDecoder.NextTokens nextOfPrompt(int most) {
      chunks++;
      return new BatchDecoder.NextTokens(weights, cache, cache.nextOfPrompt(most));
    }

    /** Takes the next token, unless tokens of the prompt are left. */
    void take(Tensor row) {
      if (cache.isPrefilling()) {
        return;
      }
      logits.add(Ops.floats(row));
      tokens.add(row.argmax().item_long());
    }

    BatchDecoder.NextTokens next() {
      return new BatchDecoder.NextTokens(weights, cache, List.of(tokens.get(tokens.size() - 1)));
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

  /** Generates the rest of the texts, together. */
  static void decode(Served served, List<Text> batch) {
    for (int i = 0; i < STEPS - 1; i++) {
      Tensor logits = served.decoder.step(batch.stream().map(Text::next).toList());
      IntStream.range(0, batch.size()).forEach(row -> batch.get(row).take(logits.select(0, row)));
    }
  }

  static long[] prompt(int length, long seed) {
    return new SplittableRandom(seed).longs(length, 3, 90).toArray();
  }

  static void assertLogitsOfTheModel(Text text) {
    List<Tensor> expected = text.expected();
    for (int i = 0; i < STEPS; i++) {
      Tensor logits = Ops.tensor(text.logits.get(i), text.logits.get(i).length);
      TensorAssert.assertThat(logits).isCloseTo(expected.get(i), TOLERANCE);
    }
  }

  static void assertSameBits(Text text, Text other) {
    assertThat(other.tokens).isEqualTo(text.tokens);
    for (int i = 0; i < STEPS; i++) {
      assertThat(other.logits.get(i)).isEqualTo(text.logits.get(i));
    }
  }
}
