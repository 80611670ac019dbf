package dev.lora4j.llm.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Stress;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Generations of several threads on one model equal those of one thread. */
class ConcurrentGenerationTest {
  private static final List<Long> SHORT = List.of(5L, 17L, 42L);
  private static final List<Long> LONG = LongStream.range(3, 43).boxed().toList();
  private static final int TOKENS = 12;

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "qwen3", "gpt2"})
  void threadsGetTheirSerialResultsWhileAdaptersComeAndGo(String family) throws Exception {
    Path adapter = SavedFamilies.directory(family).resolve("adapter");
    try (PointerScope scope = new PointerScope();
        Workers workers = new Workers(2);
        Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      LoraModel adapted = Lora.base(base.model());
      adapted.load("served", adapter);
      Generator alone = new Generator(base.model());
      Generator shared = Generator.sharedBy(workers, base.model());
      List<Long> ofShort = greedy(alone, SHORT);
      List<Long> ofLong = greedy(alone, LONG);
      List<Long> served = served(adapted, alone);
      GenerationSession session = shared.session();
      AtomicInteger number = new AtomicInteger();

      Stress.run(
          () -> assertThat(greedy(shared, SHORT)).isEqualTo(ofShort),
          () -> assertThat(greedy(shared, LONG)).isEqualTo(ofLong),
          () -> assertThat(served(adapted, shared)).isEqualTo(served),
          () -> assertThat(greedy(alone, LONG)).isEqualTo(ofLong),
          () -> assertThat(inSession(session, LONG)).isEqualTo(ofLong),
          () -> assertThat(inSession(session, SHORT)).isEqualTo(ofShort),
          () -> adapted.swap("served", adapter),
          () -> {
            String name = "other" + number.incrementAndGet();
            adapted.load(name, adapter);
            adapted.remove(name);
          });
      session.close();
    }
  }

  private static List<Long> served(LoraModel adapted, Generator generator) {
    try (AdapterScope using = adapted.using("served")) {
      return greedy(generator, LONG);
    }
  }

  private static List<Long> greedy(Generator generator, List<Long> prompt) {
    return generator.generate(prompt, GenerationConfig.greedy(TOKENS)).tokens();
  }

  private static List<Long> inSession(GenerationSession session, List<Long> prompt) {
    return session.generate(prompt, GenerationConfig.greedy(TOKENS), token -> true).tokens();
  }
}
