package dev.lora4j.llm.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.train.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Finish reasons, listeners and adapters of generations. */
class GeneratorTest {
  private static final long ALLOWED_GROWTH = 16 << 20;
  private static final List<Long> PROMPT = List.of(5L, 17L, 42L);

  private final PointerScope scope = new PointerScope();
  private final Pretrained base = Pretrained.load(SavedFamilies.directory("llama3"));
  private final Generator generator = new Generator(base.model());

  @AfterEach
  void close() {
    base.close();
    scope.close();
  }

  private List<Long> greedy(int count) {
    return generator.generate(PROMPT, GenerationConfig.greedy(count)).tokens();
  }

  @Test
  void stopsAtTheMaximumNumberOfTokens() {
    Generation text = generator.generate(PROMPT, GenerationConfig.greedy(6));
    assertThat(text.tokens()).hasSize(6);
    assertThat(text.finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(text.promptTokens()).isEqualTo(3);
  }

  @Test
  void stopsAtAStopToken() {
    List<Long> whole = greedy(8);
    Generation text =
        generator.generate(PROMPT, GenerationConfig.greedy(8).stoppingAt(Set.of(whole.get(4))));
    assertThat(text.tokens()).isEqualTo(whole.subList(0, 1 + whole.indexOf(whole.get(4))));
    assertThat(text.finishReason()).isEqualTo(FinishReason.STOP_TOKEN);
  }

  @Test
  void theListenerReceivesEachTokenAndMayStop() {
    List<Long> heard = new ArrayList<>();
    Generation text =
        generator.generate(
            PROMPT,
            GenerationConfig.greedy(8),
            token -> {
              heard.add(token);
              return heard.size() < 3;
            });
    assertThat(heard).isEqualTo(text.tokens()).isEqualTo(greedy(8).subList(0, 3));
    assertThat(text.finishReason()).isEqualTo(FinishReason.INTERRUPTED);
  }

  @Test
  void stopsAtTheMaximumSequenceLength() {
    Generation text = generator.generate(PROMPT, GenerationConfig.greedy(1_000));
    assertThat(text.finishReason()).isEqualTo(FinishReason.MAX_POSITIONS);
    assertThat(text.promptTokens() + text.tokens().size()).isEqualTo(base.model().maxPositions());
  }

  @Test
  void usesTheAdaptersOfTheCallingThread() {
    List<Long> plain = greedy(12);
    LoraModel adapted = Lora.base(base.model());
    adapted.load("default", SavedFamilies.directory("llama3").resolve("adapter"));
    assertThat(greedy(12)).isEqualTo(plain);
    List<Long> changed;
    try (AdapterScope using = adapted.using("default")) {
      changed = greedy(12);
    }
    assertThat(changed).isNotEqualTo(plain);
    assertThat(greedy(12)).isEqualTo(plain);

    adapted.activate("default");
    adapted.merge();
    assertThat(greedy(12)).isEqualTo(changed);
  }

  @Test
  void workersGenerateTheSameTokens() {
    try (Workers workers = new Workers(2)) {
      Generator shared = Generator.sharedBy(workers, base.model());
      assertThat(shared.generate(PROMPT, GenerationConfig.greedy(12)).tokens())
          .isEqualTo(greedy(12));
    }
  }

  @Test
  void theSameSeedGivesTheSameTokens() {
    GenerationConfig config =
        GenerationConfig.greedy(10).sampling(Sampling.temperature(1.5).seed(4));
    assertThat(generator.generate(PROMPT, config).tokens())
        .isEqualTo(generator.generate(PROMPT, config).tokens());
  }

  @Test
  void invalidPromptsAreRefused() {
    GenerationConfig config = GenerationConfig.greedy(1);
    assertThatThrownBy(() -> generator.generate(List.of(), config))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no tokens");
    assertThatThrownBy(() -> generator.generate(List.of(96L), config))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "token 96 is not in the vocabulary, 0 to 95; does the tokenizer belong to another"
                + " model?");
    List<Long> long128 = LongStream.range(0, 128).map(i -> i % 90).boxed().toList();
    assertThatThrownBy(() -> generator.generate(long128, config))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("maximum sequence length is 128");
    base.model().train(true);
    assertThatThrownBy(() -> generator.generate(PROMPT, config))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("train(false)");
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "resident memory is read from /proc")
  void memoryStaysFlatOverTenThousandTokens() throws IOException {
    GenerationConfig config =
        GenerationConfig.greedy(100).sampling(Sampling.temperature(1).topP(0.9));
    long before = 0;
    for (int i = 0; i < 100; i++) {
      if (i == 10) {
        before = residentBytes();
      }
      generator.generate(PROMPT, config);
    }
    assertThat(residentBytes() - before).as("bytes").isLessThan(ALLOWED_GROWTH);
  }

  private static long residentBytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElseThrow();
  }
}
