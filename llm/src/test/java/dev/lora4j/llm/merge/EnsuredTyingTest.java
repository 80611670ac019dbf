package dev.lora4j.llm.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.Parameter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** PEFT's ensure_weight_tying, on fixtures of tools/tied_fixtures.py. */
class EnsuredTyingTest {
  @TempDir private Path directory;

  /** PEFT joins modules named embed_tokens and lm_head, so that GPT-2's wte alone stays alone. */
  @ParameterizedTest
  @CsvSource({
    "qwen2-embedding, true",
    "llama3-head, true",
    "granite-both, true",
    "gpt2-head, true",
    "gpt2-embedding, false",
    "qwen2-saved, true",
    "llama3-saved, true",
    "gpt2-saved, false"
  })
  void liveAdapterAndMergedModelComputeWhatPeftComputes(String name, boolean tied) {
    Fixture expected = Fixture.read("tied/" + name + "/expected.safetensors");
    Path base = base(name);
    Path adapter = Fixture.path("tied/" + name);
    Path merged = directory.resolve("merged");
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(base)) {
      LoraModel model = Lora.base(live.model());
      model.load("default", adapter);
      model.activate("default");
      Tensor tokens = expected.tensor("tokens");
      expected.check("logits", live.model().forward(tokens), 2e-5);

      MergeJob.of(base, List.of(adapter)).merge(merged);

      assertThat(Doctor.examine(base, adapter).fits()).isTrue();
      try (Pretrained written = Pretrained.load(merged)) {
        expected.check("logits", written.model().forward(tokens), 2e-5);
        assertThat(written.model().hasTiedHead()).isEqualTo(tied);
      }
      if (tied) {
        model.merge();
        expected.check("logits", live.model().forward(tokens), 2e-5);
        model.unmerge();
        expected.check("logits", live.model().forward(tokens), 2e-5);
      }
    }
  }

  private static Path base(String name) {
    return SavedFamilies.directory(name.substring(0, name.indexOf('-')));
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen2-embedding", "llama3-head", "granite-both", "gpt2-head"})
  void oneMatrixGetsTheGradientsOfBothModules(String name) {
    Fixture expected = Fixture.read("tied/" + name + "/expected.safetensors");
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(base(name))) {
      LoraModel model = Lora.base(live.model());
      model.load("default", Fixture.path("tied/" + name));
      model.activate("default");
      Tensor tokens = expected.tensor("tokens");
      Tensor logits = live.model().forward(tokens);

      loss(logits, tokens).backward();

      for (Parameter parameter : model.parameters("default")) {
        long[] shape = parameter.shape();
        if (shape[0] == 2 && shape[1] == live.model().vocabularySize()) {
          expected.check("grad.A", Objects.requireNonNull(parameter.gradient()), 2e-5);
        }
      }
    }
  }

  private static Tensor loss(Tensor logits, Tensor tokens) {
    long length = tokens.size(1);
    return torch.cross_entropy_loss(
        logits.narrow(1, 0, length - 1).flatten(0, 1), tokens.narrow(1, 1, length - 1).flatten());
  }

  @Test
  void savedAdapterHasTheTensorsOfPeftAndLoadsAgain() {
    Path base = SavedFamilies.directory("llama3");
    LoraConfig config =
        LoraConfig.rank(2).targets(Targets.named("lm_head", "q_proj")).ensureWeightTying(true);
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(base)) {
      LanguageModel net = live.model();
      LoraModel model = Lora.adapt(net, config);
      Tensor tokens = Fixture.read("tied/llama3-head/expected.safetensors").tensor("tokens");
      TensorAssert.assertThat(net.forward(tokens)).isCloseTo(bare(model, net, tokens), 1e-5);
      model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
      Tensor logits = net.forward(tokens);

      model.save("default", directory.resolve("adapter"));
      model.load("again", directory.resolve("adapter"));
      model.activate("again");

      TensorAssert.assertThat(net.forward(tokens)).isExactly(logits);
      StoredAdapter ours = StoredAdapter.read(directory.resolve("adapter"));
      StoredAdapter peft = StoredAdapter.read(Fixture.path("tied/llama3-head"));
      assertThat(ours.tensors().keySet())
          .containsExactlyInAnyOrderElementsOf(peft.tensors().keySet());
    }
  }

  private static Tensor bare(LoraModel model, LanguageModel net, Tensor tokens) {
    try (var none = model.disabled()) {
      return net.forward(tokens);
    }
  }

  @Test
  void headWithMatricesOfItsOwnIsRefused() {
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(SavedFamilies.directory("llama3"))) {
      StoredAdapter stored = StoredAdapter.read(Fixture.path("tied/llama3-head"));
      Map<String, Tensor> tensors = new HashMap<>(stored.tensors());
      tensors.computeIfPresent("lm_head.lora_B.weight", (key, value) -> value.add(value));
      LoraModel model = Lora.base(live.model());

      assertThatThrownBy(
              () ->
                  model.load("x", new StoredAdapter(stored.config(), tensors), BaseCheck.SAME_BASE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("lm_head.lora_B.weight");
    }
  }

  @Test
  void combinationKeepsTheTie() {
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(SavedFamilies.directory("llama3"))) {
      LoraModel model = Lora.base(live.model());
      Path adapter = Fixture.path("tied/llama3-head");
      model.load("one", adapter);
      model.load("two", adapter);
      model.activate("one");
      Tensor tokens = Fixture.read("tied/llama3-head/expected.safetensors").tensor("tokens");
      Tensor logits = live.model().forward(tokens);

      model.combine("half", Map.of("one", 0.25, "two", 0.75), Combination.cat());
      model.activate("half");

      TensorAssert.assertThat(live.model().forward(tokens)).isCloseTo(logits, 1e-4);
    }
  }
}
