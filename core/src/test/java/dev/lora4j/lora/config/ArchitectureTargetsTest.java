package dev.lora4j.lora.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.Ops;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A network's model type, head, and tied weights. */
class ArchitectureTargetsTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2);

  /** A language model of one projection, whose head is tied to its embedding. */
  private static final class Tied extends Module {
    private final String type;
    private final Embedding table = new Embedding(7, 4);
    private final Slot embed = child("embed_tokens", table);
    private final Slot query = child("q_proj", Linear.withoutBias(4, 4));
    private final Slot value = child("v_proj", Linear.withoutBias(4, 4));
    private final Slot output = child("o_proj", Linear.withoutBias(4, 4));
    private final Slot head = child("lm_head", Linear.sharing(table.weight()));

    Tied(String type) {
      this.type = type;
    }

    @Override
    public Optional<String> modelType() {
      return type.isEmpty() ? Optional.empty() : Optional.of(type);
    }

    @Override
    public Optional<String> headPath() {
      return Optional.of("lm_head");
    }

    @Override
    public Tensor forward(Tensor tokens) {
      Tensor x = embed.forward(tokens);
      return head.forward(output.forward(query.forward(x).add(value.forward(x))));
    }
  }

  private final PointerScope scope = new PointerScope();
  private final Tied net = new Tied("llama");
  private final Tensor tokens = Ops.tensor(new long[] {0, 3, 6, 2});

  @AfterEach
  void close() {
    net.close();
    scope.close();
  }

  @Test
  void missingTargetsAreTheArchitecturesDefaults() {
    LoraConfig config = CONFIG.targets(Targets.ofArchitecture());

    assertThat(Lora.plan(net, config).paths()).containsExactly("q_proj", "v_proj");
    assertThat(read("{\"peft_type\": \"LORA\", \"target_modules\": null}").targets())
        .isEqualTo(Targets.ofArchitecture());
    assertThat(written(config, List.of("q_proj", "v_proj"))).contains("\"q_proj\", \"v_proj\"");
  }

  private static LoraConfig read(String json) {
    return ConfigReader.read(Path.of("adapter_config.json"), json.getBytes(StandardCharsets.UTF_8));
  }

  private static String written(LoraConfig config, List<String> paths) {
    return new String(ConfigWriter.write(config, paths, false), StandardCharsets.UTF_8);
  }

  @Test
  void unknownArchitectureIsRefused() {
    LoraConfig config = CONFIG.targets(Targets.ofArchitecture());
    try (Tied misspelt = new Tied("lama");
        Tied silent = new Tied("")) {
      assertThatThrownBy(() -> Lora.adapt(misspelt, config))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no default for model_type 'lama'; did you mean llama")
          .hasMessageEndingWith(
              "name the target modules, of embed_tokens, q_proj, v_proj, o_proj, lm_head");
      assertThatThrownBy(() -> Lora.adapt(silent, config))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("the network has no model_type");
    }
  }

  @Test
  void allLinearExcludesTheHead() {
    assertThat(Lora.plan(net, CONFIG).paths()).containsExactly("q_proj", "v_proj", "o_proj");
  }

  @Test
  void adapterOnATiedHeadDoesNotChangeTheEmbedding() {
    Tensor embedded = net.embed.forward(tokens).clone();
    LoraModel model = Lora.adapt(net, CONFIG.targets(Targets.named("lm_head")));
    Tensor before = model.forward(tokens);
    model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));

    assertThat(model.forward(tokens).equal(before)).isFalse();
    TensorAssert.assertThat(net.embed.forward(tokens)).isExactly(embedded);
    assertThatThrownBy(model::merge)
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("can't merge: 'lm_head' shares its weight with 'embed_tokens'")
        .hasMessageContaining("unmerged");
    assertThat(model.isMerged()).isFalse();
    TensorAssert.assertThat(net.embed.forward(tokens)).isExactly(embedded);
    try (AdapterScope bare = model.disabled()) {
      model.merge();
    }
  }

  @Test
  void headWithItsOwnWeightCanBeMerged() {
    net.replace("lm_head", ((Linear) net.find("lm_head")).copy());
    Tensor embedded = net.embed.forward(tokens).clone();
    LoraModel model = Lora.adapt(net, CONFIG.targets(Targets.named("lm_head")));
    model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
    Tensor adapted = model.forward(tokens);

    model.merge();

    TensorAssert.assertThat(model.forward(tokens)).isCloseTo(adapted, 1e-5);
    TensorAssert.assertThat(net.embed.forward(tokens)).isExactly(embedded);
  }

  @Test
  void savedModuleThatWouldChangeBothTiedModulesIsRefused() {
    assertThatThrownBy(() -> Lora.adapt(net, CONFIG.modulesToSave("lm_head")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("modules_to_save: 'lm_head' shares its weight with 'embed_tokens'");
  }

  @Test
  void ensuredTyingAdaptsBothModulesByOneDeltaThatCanBeMerged() {
    LoraConfig ensured =
        read(
            "{\"peft_type\": \"LORA\", \"target_modules\": [\"embed_tokens\"],"
                + " \"ensure_weight_tying\": true}");
    LoraModel model = Lora.adapt(net, ensured);
    assertThat(model.layers()).containsOnlyKeys("embed_tokens", "lm_head");
    assertThat(model.parameters("default")).hasSize(2);
    model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
    Tensor adapted = model.forward(tokens);

    model.merge();
    TensorAssert.assertThat(model.forward(tokens)).isCloseTo(adapted, 1e-4);
    model.unmerge();
    TensorAssert.assertThat(model.forward(tokens)).isExactly(adapted);
  }

  @Test
  void ensuredTyingWithDoraIsRefused() {
    LoraConfig config = CONFIG.targets(Targets.named("lm_head")).ensureWeightTying(true);
    assertThatThrownBy(() -> Lora.adapt(net, config.dora(true)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("ensure_weight_tying of 'lm_head' can't be combined with use_dora");
    Lora.adapt(net, config.targets(Targets.named("q_proj")));
  }

  /** Some rows of PEFT's table, TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING. */
  @Test
  void tableEqualsPefts() {
    Map<String, Targets> some =
        Map.of(
            "gpt2", Targets.named("c_attn"),
            "bert", Targets.named("query", "value"),
            "phi", Targets.named("q_proj", "v_proj", "fc1", "fc2"),
            "qwen3", Targets.named("q_proj", "v_proj"));

    some.forEach((type, targets) -> assertThat(DefaultTargets.of(type)).contains(targets));
    assertThat(DefaultTargets.knownTypes()).hasSize(40);
    assertThat(DefaultTargets.of("convnet")).isEmpty();
  }
}
