package dev.lora4j.llm.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.Adapters;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResizeJobTest {
  private static final long OLD = 96;

  @TempDir private Path directory;

  private static Tensor ids(long... ids) {
    return Ops.tensor(ids).view(1, ids.length);
  }

  /** Tied (llama3, gpt2), untied (llama2), in shards (qwen3). */
  @ParameterizedTest
  @ValueSource(strings = {"llama3", "llama2", "qwen3", "gpt2"})
  void oldTokensKeepTheirLogitsAndNewRowsAreTheMean(String family) {
    Path base = SavedFamilies.directory(family);
    Path out = directory.resolve("larger");

    ResizeJob.Summary done = ResizeJob.of(base, OLD + 3).multipleOf(8).shardsOf(40_000).write(out);

    assertThat(done.before()).isEqualTo(OLD);
    assertThat(done.after()).isEqualTo(104);
    assertThat(JsonDocument.read(out.resolve("config.json")).json().path("vocab_size").asLong())
        .isEqualTo(104);
    assertThat(Files.exists(out.resolve("model.safetensors.index.json"))).isTrue();
    try (PointerScope scope = new PointerScope();
        Pretrained small = Pretrained.load(base);
        Pretrained large = Pretrained.load(out)) {
      assertThat(large.model().hasTiedHead()).isEqualTo(small.model().hasTiedHead());
      Tensor logits = large.model().forward(ids(5, 17, 42));
      TensorAssert.assertThat(logits.narrow(2, 0, OLD))
          .isCloseTo(small.model().forward(ids(5, 17, 42)), 1e-5);
      Tensor table =
          large.model().namedParameters().entrySet().stream()
              .filter(entry -> entry.getKey().matches(".*(embed_tokens|wte).weight"))
              .map(entry -> entry.getValue().value().detach())
              .findFirst()
              .orElseThrow();
      TensorAssert.assertThat(table.select(0, 103))
          .isCloseTo(table.narrow(0, 0, OLD).mean(new long[] {0}, false, null), 1e-6);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama3, embed_tokens, true",
    "llama2, lm_head, false",
    "llama3, embed_tokens, false"
  })
  void adapterOfAnEnlargedBaseNamesTheReasonAndFitsAfterwards(
      String family, String target, boolean saved) {
    Path base = SavedFamilies.directory(family);
    Path enlarged = directory.resolve("enlarged");
    ResizeJob.of(base, OLD + 4).write(enlarged);
    LoraConfig config = LoraConfig.rank(2).targets(Targets.named("q_proj"));
    config = saved ? config.modulesToSave(target) : config.targets(Targets.named("q_proj", target));
    Path adapter = Adapters.random(enlarged, config, directory.resolve("adapter"));

    assertThat(Doctor.examine(base, adapter).fits()).isFalse();
    assertThat(Doctor.examine(base, adapter).findings().get(0).remedy()).contains("lora resize");
    try (Pretrained live = Pretrained.load(base)) {
      LoraModel model = Lora.base(live.model());
      assertThatThrownBy(() -> model.load("default", adapter))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("had 100 tokens, this one has 96")
          .hasMessageContaining("lora resize");
    }

    assertThat(ResizeJob.tokensOf(base, adapter)).isEqualTo(OLD + 4);
    ResizeJob.of(base, ResizeJob.tokensOf(base, adapter)).write(directory.resolve("again"));
    assertThat(Doctor.examine(directory.resolve("again"), adapter).fits()).isTrue();
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(directory.resolve("again"))) {
      LoraModel model = Lora.base(live.model());
      model.load("default", adapter);
      model.activate("default");
      assertThat(Objects.requireNonNull(live.model().forward(ids(99))).size(2)).isEqualTo(100);
    }
  }

  @Test
  void sizesThatAddNothingAreRefused() {
    Path base = SavedFamilies.directory("llama3");
    Path out = directory.resolve("larger");
    assertThatThrownBy(() -> ResizeJob.of(base, OLD).write(out))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has 96 tokens already, as many as wanted");
    assertThatThrownBy(() -> ResizeJob.of(base, 10).write(out))
        .hasMessageContaining("wanted are 10");
    assertThatThrownBy(() -> ResizeJob.of(base.resolve("model.safetensors"), 200).write(out))
        .hasMessageContaining("no config.json");
    assertThatThrownBy(() -> ResizeJob.tokensOf(base, base.resolve("adapter")))
        .hasMessageContaining("--tokens");
    assertThat(out).doesNotExist();
  }
}
