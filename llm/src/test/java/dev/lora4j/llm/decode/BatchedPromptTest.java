package dev.lora4j.llm.decode;

import static dev.lora4j.llm.decode.BatchFixture.BASE;
import static dev.lora4j.llm.decode.BatchFixture.STEPS;
import static dev.lora4j.llm.decode.BatchFixture.assertSameBits;
import static dev.lora4j.llm.decode.BatchFixture.decode;
import static dev.lora4j.llm.decode.BatchFixture.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.decode.BatchFixture.Served;
import dev.lora4j.llm.decode.BatchFixture.Text;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A batch reads prompts in any number of steps, next to texts that it generates. */
class BatchedPromptTest {
  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.decode.BatchFixture#llamas")
  void aPromptThatTheBatchReadsGivesTheLogitsOfTheModel(String family) {
    try (Served served = new Served(family, 8)) {
      List<Text> batch =
          List.of(
              served.textInSteps(32, BASE, prompt(3, 1)),
              served.textInSteps(32, "default", prompt(70, 2)),
              served.textInSteps(100, "second", prompt(64, 3)));

      decode(served, batch);

      batch.forEach(BatchFixture::assertLogitsOfTheModel);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 32, 64, 70, 100})
  void stepsOfAPromptDoNotChangeTheBits(int tokens) {
    try (Served served = new Served("llama3", 8)) {
      long[] prompt = prompt(100, 5);
      Text whole = served.textInSteps(100, "default", prompt);
      decode(served, List.of(whole));
      served.pool.forget("default");
      Text inSteps = served.textInSteps(tokens, "default", prompt);
      decode(served, List.of(inSteps));

      assertThat(inSteps.chunks).isEqualTo((100 + tokens - 1) / tokens);
      assertSameBits(inSteps, whole);
    }
  }

  @Test
  void aPromptAmongRunningTextsHasTheBitsThatItHasAlone() {
    try (Served served = new Served("qwen2", 8);
        Workers workers = new Workers(2);
        ThreadTeam team = ThreadTeam.open(2, part -> workers.run(part::accept))) {
      Text running = served.textInSteps(100, "second", prompt(9, 1));
      Text first = new Text(served, "default", prompt(75, 2));
      Text other = new Text(served, BASE, prompt(11, 3));
      for (int i = 0; i < STEPS - 1; i++) {
        List<BatchDecoder.NextTokens> batch = new ArrayList<>(List.of(running.next()));
        for (Text text : List.of(first, other)) {
          batch.add(text.cache.isPrefilling() ? text.nextOfPrompt(25) : text.next());
        }
        Tensor logits = served.decoder.step(batch);
        running.take(logits.select(0, 0));
        first.take(logits.select(0, 1));
        other.take(logits.select(0, 2));
      }

      for (Text text : List.of(running, first, other)) {
        served.pool.forget(text.adapter);
        Text alone = served.textInSteps(100, text.adapter, text.prompt);
        for (int i = 0; i < text.logits.size(); i++) {
          assertThat(text.logits.get(i)).isEqualTo(alone.logits.get(i));
          if (i + 1 < text.logits.size()) {
            alone.take(served.decoder.step(List.of(alone.next())).flatten());
          }
        }
      }
      assertThat(first.logits).hasSize(3);
      assertThat(other.logits).hasSize(5);
    }
  }

  @Test
  void aPrefixThatTheBatchCachedIsReadOnce() {
    try (Served served = new Served("llama3", 8)) {
      long[] prompt = prompt(150, 4);
      Text first = served.textInSteps(32, "default", prompt);
      decode(served, List.of(first));
      first.close();

      Text second = served.textInSteps(32, "default", prompt);
      decode(served, List.of(second));

      assertThat(first.chunks).isEqualTo(5);
      assertThat(second.chunks).isEqualTo(1);
      assertThat(second.cache.cachedTokens()).isEqualTo(128);
      assertSameBits(second, first);
    }
  }

  @Test
  void aLargerBatchThanTheLargestIsRefused() {
    try (Served served = new Served("llama3", 1)) {
      Text text = new Text(served, BASE, prompt(150, 4));

      assertThatThrownBy(() -> served.decoder.step(List.of(text.nextOfPrompt(102))))
          .isInstanceOf(UserError.class)
          .hasMessage("a batch has at most 101 tokens, found 102");
      BatchDecoder.NextTokens next = text.nextOfPrompt(1);
      assertThatThrownBy(() -> served.decoder.step(List.of(next, next)))
          .isInstanceOf(UserError.class)
          .hasMessage("a batch has at most 1 sequences, found 2");
    }
  }
}
