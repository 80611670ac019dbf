package dev.lora4j.llm.decode;

import static dev.lora4j.llm.decode.BatchFixture.BASE;
import static dev.lora4j.llm.decode.BatchFixture.STEPS;
import static dev.lora4j.llm.decode.BatchFixture.TOLERANCE;
import static dev.lora4j.llm.decode.BatchFixture.assertSameBits;
import static dev.lora4j.llm.decode.BatchFixture.decode;
import static dev.lora4j.llm.decode.BatchFixture.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.decode.BatchFixture.Served;
import dev.lora4j.llm.decode.BatchFixture.Text;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Batched decoding gives the logits of the model's forward pass (tolerance {@code 2e-5}, relative
 * to the largest value), and each sequence the same bits as alone.
 */
class BatchDecoderTest {
  private static Text alone(Served served, Text like) {
    Text text = served.text(like.adapter, like.prompt);
    decode(served, List.of(text));
    return text;
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.decode.BatchFixture#llamas")
  void aBatchOfAdaptersGivesTheLogitsOfTheModel(String family) {
    try (Served served = new Served(family, 8)) {
      List<Text> batch =
          List.of(
              served.text(BASE, prompt(3, 1)),
              served.text("default", prompt(70, 2)),
              served.text("second", prompt(64, 3)));

      decode(served, batch);

      batch.forEach(BatchFixture::assertLogitsOfTheModel);
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

      batch.forEach(BatchFixture::assertLogitsOfTheModel);
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
  @MethodSource("dev.lora4j.llm.decode.BatchFixture#llamas")
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
