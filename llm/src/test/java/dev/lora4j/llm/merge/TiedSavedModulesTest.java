package dev.lora4j.llm.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
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

/** Saved modules that share a weight: the live adapter, the merged model and the doctor agree. */
class TiedSavedModulesTest {
  private static final List<Long> PROMPT = List.of(5L, 17L, 42L);

  @TempDir private Path directory;

  private LoraConfig config(String saved, boolean ensure) throws IOException {
    Path file = directory.resolve("config.json");
    Files.writeString(
        file,
        """
        {"peft_type": "LORA", "r": 2, "target_modules": ".*(q_proj|c_attn)",
         "modules_to_save": [%s], "ensure_weight_tying": %s}"""
            .formatted(saved, ensure));
    return LoraConfig.read(file);
  }

  private static Tensor ids() {
    return Ops.tensor(new long[] {5, 17, 42, 7}).view(1, 4);
  }

  /** Saves a random adapter and returns its logits; checks its greedy text against no cache. */
  private Tensor logitsOfSaved(LoraModel model, LanguageModel net, Path adapter) {
    for (Parameter parameter : model.parameters("default")) {
      parameter.copyFrom(torch.randn(parameter.shape()));
    }
    model.save("default", adapter);
    model.activate("default");
    return net.forward(ids());
  }

  @ParameterizedTest
  @CsvSource({
    "llama3, lm_head, false",
    "llama3, embed_tokens, false",
    "llama3, 'lm_head, embed_tokens', false",
    "llama3, embed_tokens, true",
    "gpt2, lm_head, false",
    "gpt2, lm_head, true",
    "granite, lm_head, false",
    "qwen2, embed_tokens, true"
  })
  void aLiveAdapterGivesTheLogitsAndTextOfTheMergedModel(String family, String saved, boolean tied)
      throws IOException {
    Path base = SavedFamilies.directory(family);
    Path adapter = directory.resolve("adapter");
    Path merged = directory.resolve("merged");
    String names = "\"" + saved.replace(", ", "\", \"") + "\"";
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(base)) {
      LoraModel model = Lora.base(live.model());
      model.add("default", config(names, tied));
      Tensor logits = logitsOfSaved(model, live.model(), adapter);
      List<Long> text = greedy(live.model());
      model.remove("default");
      model.load("again", adapter);
      model.activate("again");
      TensorAssert.assertThat(live.model().forward(ids())).isExactly(logits);

      MergeJob.of(base, List.of(adapter)).merge(merged);

      assertThat(Doctor.examine(base, adapter).fits()).isTrue();
      try (Pretrained written = Pretrained.load(merged)) {
        TensorAssert.assertThat(written.model().forward(ids())).isCloseTo(logits, 1e-4);
        assertThat(greedy(written.model())).isEqualTo(text);
        assertThat(written.model().hasTiedHead()).isEqualTo(tied);
      }
    }
  }

  private static List<Long> greedy(LanguageModel model) {
    return new Generator(model).generate(PROMPT, GenerationConfig.greedy(8)).tokens();
  }

  @Test
  void aSavedHeadMultipliesTheHiddenStatesOfTheBase() throws IOException {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(SavedFamilies.directory("llama3"))) {
      LanguageModel net = base.model();
      Tensor hidden = net.hidden(TokenBatch.of(ids()));
      LoraModel model = Lora.base(net);
      model.add("default", config("\"lm_head\"", false));
      Parameter head =
          model.parameters("default").stream()
              .filter(p -> p.shape()[0] == net.vocabularySize())
              .findFirst()
              .orElseThrow();
      head.copyFrom(torch.randn(head.shape()));
      model.activate("default");

      TensorAssert.assertThat(net.forward(ids()))
          .isCloseTo(hidden.matmul(head.value().detach().t()), 1e-4);
      assertThatThrownBy(model::merge)
          .isInstanceOf(UserError.class)
          .hasMessageContaining("share a weight, and the adapter changes one of them");
      assertThat(net.namedParameters()).doesNotContainKey("lm_head.weight");
    }
  }

  @Test
  void aTiedCopyInTheFileIsRedundantAndAnotherWeightIsRefused() throws IOException {
    Path base = SavedFamilies.directory("llama3");
    Path adapter = directory.resolve("adapter");
    try (PointerScope scope = new PointerScope();
        Pretrained live = Pretrained.load(base)) {
      LoraModel model = Lora.base(live.model());
      model.add("default", config("\"embed_tokens\"", true));
      Tensor logits = logitsOfSaved(model, live.model(), adapter);
      StoredAdapter stored = StoredAdapter.read(adapter);
      Map<String, Tensor> tensors = new HashMap<>(stored.tensors());
      Tensor copy = Objects.requireNonNull(tensors.get("model.embed_tokens.weight"));
      tensors.put("lm_head.weight", copy.clone());

      model.load("tied", new StoredAdapter(stored.config(), tensors), BaseCheck.SAME_BASE);
      model.activate("tied");
      TensorAssert.assertThat(live.model().forward(ids())).isExactly(logits);

      tensors.put("lm_head.weight", copy.add(copy));
      assertThatThrownBy(
              () ->
                  model.load("x", new StoredAdapter(stored.config(), tensors), BaseCheck.SAME_BASE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("lm_head.weight");
    }
  }
}
