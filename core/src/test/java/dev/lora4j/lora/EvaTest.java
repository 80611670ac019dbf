package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.Fixture;
import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.init.EvaRanks;
import dev.lora4j.lora.init.IncrementalPca;
import dev.lora4j.lora.init.InputRecorder;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.layer.Svd;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaTest {
  private static final LoraConfig CONFIG =
      LoraConfig.rank(2).alpha(4).initialization(new Initialization.Eva());

  /** Compares with PEFT on the same batches (tools/peft_special.py): equal ranks, A within 1e-4. */
  @ParameterizedTest
  @ValueSource(strings = {"mlp-eva", "mlp-eva-rho_1"})
  void initialAEqualsPefts(String name) {
    try (PointerScope scope = new PointerScope();
        Module net = PeftNetworks.named("mlp")) {
      net.loadStateDict(Fixture.read("peft/base_mlp.safetensors").tensors(""));
      Fixture fixture = Fixture.read("peft/" + name + ".safetensors");
      JsonNode peft = fixture.metadata("adapter_config");
      JsonNode options = fixture.metadata("case").get("options");
      Tensor calibration = fixture.tensor("calibration"); // [batches, rows, in]
      List<EvaBatch> batches =
          LongStream.range(0, calibration.size(0))
              .mapToObj(i -> EvaBatch.of(calibration.select(0, i)))
              .toList();
      Initialization.Eva eva = new Initialization.Eva().rho(peft.at("/eva_config/rho").asDouble());
      LoraConfig config =
          LoraConfig.rank(options.get("r").asInt())
              .alpha(options.get("lora_alpha").asDouble())
              .targets(Targets.named("fc", "head"))
              .initialization(eva);

      LoraModel model = Lora.adapt(net, config, batches);

      Map<String, Tensor> expected = fixture.tensors("init.base_model.model.");
      Map<String, Tensor> found = new LinkedHashMap<>();
      model.adapter("default").saved().forEach((key, p) -> found.put(key, p.value()));
      assertThat(found.keySet()).isEqualTo(expected.keySet());
      found.forEach(
          (key, tensor) ->
              TensorAssert.assertThat(tensor)
                  .as(key)
                  .isCloseTo(Objects.requireNonNull(expected.get(key)), 1e-4));
      for (String path : model.layers().keySet()) {
        assertThat(model.config("default").alphaAt(path))
            .isEqualTo(peft.at("/alpha_pattern").path(path).asDouble(config.alpha()));
        assertThat(model.config("default").rankAt(path))
            .isEqualTo(peft.at("/rank_pattern").path(path).asInt(config.rank()));
      }
    }
  }

  private static List<EvaBatch> batches(Tensor... inputs) {
    return List.of(inputs).stream().map(EvaBatch::of).toList();
  }

  @Test
  void newAdapterDoesNotChangeTheOutput(@TempDir Path directory) {
    try (PointerScope scope = new PointerScope();
        Mlp net = new Mlp()) {
      Engine.seed(5);
      Tensor input = torch.randn(20, Mlp.IN);
      Tensor before = net.forward(input);
      net.train(true);

      LoraModel model = Lora.adapt(net, CONFIG, batches(input, torch.randn(20, Mlp.IN)));

      TensorAssert.assertThat(model.forward(input)).isExactly(before);
      assertThat(net.isTraining()).isTrue();
      assertThat(net.namedModules().values()).noneMatch(InputRecorder.class::isInstance);
      assertThat(ranks(model)).isEqualTo(3 * 2);
      model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape())));
      Tensor trained = model.forward(input);
      model.save("default", directory);
      model.load("again", directory);
      model.activate("again");
      TensorAssert.assertThat(model.forward(input)).isExactly(trained);
      assertThat(model.config("again").initialization()).isEqualTo(new Initialization.Eva());
    }
  }

  private static int ranks(LoraModel model) {
    LoraConfig config = model.config("default");
    return model.adapter("default").paths().stream().mapToInt(config::rankAt).sum();
  }

  @Test
  void secondAdapterLearnsFromTheBaseAlone() {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp adapted = AdaptedMlp.trained(LoraConfig.rank(2), 4);
        Mlp plain = new Mlp()) {
      Map<String, Tensor> state = new LinkedHashMap<>();
      plain
          .stateDict()
          .keySet()
          .forEach(
              path -> state.put(path, adapted.net.parameterAt(insidePath(path)).value().detach()));
      plain.loadStateDict(state);
      Tensor input = torch.randn(20, Mlp.IN);

      adapted.model.add("eva", CONFIG, batches(input));
      LoraModel alone = Lora.adapt(plain, CONFIG, batches(input));

      assertThat(adapted.model.config("eva")).isEqualTo(alone.config("default"));
      assertThat(adapted.model.active()).containsExactly("default");
      List<Tensor> expected = alone.parameters("default").stream().map(p -> p.value()).toList();
      for (int i = 0; i < expected.size(); i++) {
        TensorAssert.assertThat(adapted.model.parameters("eva").get(i).value())
            .isExactly(expected.get(i));
      }
    }
  }

  private static String insidePath(String path) {
    int dot = path.lastIndexOf('.');
    return path.substring(0, dot) + ".pretrained" + path.substring(dot);
  }

  /** The first layer's input varies in one direction only, so other layers get its second rank. */
  @Test
  void componentsThatExplainNothingGetNoRank(@TempDir Path directory) {
    try (PointerScope scope = new PointerScope();
        Mlp net = new Mlp()) {
      Engine.seed(6);
      Tensor line = torch.randn(40, 1).mm(torch.ones(1, Mlp.IN));

      LoraModel model =
          Lora.adapt(net, CONFIG.initialization(new Initialization.Eva().rho(3)), batches(line));

      assertThat(model.config("default").rankAt("fc1")).isEqualTo(1);
      assertThat(ranks(model)).isEqualTo(3 * 2);
      Tensor a = model.parameters("default").get(0).value();
      TensorAssert.assertThat(a)
          .isCloseTo(Ops.ones(1, Mlp.IN).div(new Scalar(Math.sqrt(Mlp.IN))), 1e-5);
      assertThat(model.config("default").scalingAt("fc1")).isEqualTo(CONFIG.scaling());
    }
  }

  @Test
  void ignoredLabelsAndPaddingDoNotCount() {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = Ops.tensor(new float[] {0, 1, 2, 3}, 2, 2, 1);
      Tensor labels = Ops.tensor(new long[] {-100, 5, 6, 7}).view(2, 2);
      Tensor attention = Ops.tensor(new long[] {1, 1, 1, 0}).view(2, 2);
      Initialization.Eva eva = new Initialization.Eva();
      EvaBatch batch = EvaBatch.labelled(rows, labels).withAttention(attention);

      TensorAssert.assertThat(batch.counted(rows, eva)).hasExactly(1, 2);
      TensorAssert.assertThat(EvaBatch.labelled(rows, labels).counted(rows, eva))
          .hasExactly(1, 2, 3);
      Initialization.Eva unmasked = new Initialization.Eva(2, 0.99, false, -100, false, true);
      TensorAssert.assertThat(batch.counted(rows, unmasked)).hasExactly(0, 1, 2);
      Tensor perExample = Ops.tensor(new float[] {8, 9}, 2, 1);
      TensorAssert.assertThat(batch.counted(perExample, eva)).hasExactly(8, 9);
      assertThatThrownBy(() -> EvaBatch.labelled(rows, labels).withAttention(perExample))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("one shape, found [2, 1] and [2, 2]");
    }
  }

  @Test
  void whitenedComponentsAreDividedByTheRootOfTheirSingularValue() {
    try (PointerScope scope = new PointerScope();
        IncrementalPca pca = new IncrementalPca(1)) {
      pca.add(Ops.tensor(new float[] {-4, 0, 4, 0}, 2, 2)); // singular value √32

      TensorAssert.assertThat(pca.components(1, true))
          .isCloseTo(Ops.tensor(new float[] {(float) Math.pow(32, -0.25), 0}, 1, 2), 1e-6);
    }
  }

  /** The components of several batches equal those of all rows at once. */
  @Test
  void incrementalPcaEqualsPcaOfAllRows() {
    try (PointerScope scope = new PointerScope();
        IncrementalPca pca = new IncrementalPca(2)) {
      Engine.seed(8);
      Tensor all = torch.randn(60, 2).mm(torch.randn(2, 5)).add(torch.randn(5)); // rank two
      for (int i = 0; i < 3; i++) {
        pca.add(all.narrow(0, 20L * i, 20));
      }

      Svd exact = Svd.of(all.sub(all.mean(0))).top(2);

      Tensor found = pca.components(2, false);
      TensorAssert.assertThat(found.mm(exact.vt().t()).abs()).isCloseTo(torch.eye(2), 1e-4);
      float[] explained = pca.explained();
      assertThat(explained[0] + explained[1]).isCloseTo(1f, within(1e-5f));
    }
  }

  @Property(tries = 100)
  void allottedRanksUseTheBudgetWithinEachLayersLimit(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 8) Integer> most,
      @ForAll @IntRange(max = 48) int budget) {
    Map<String, float[]> explained = new LinkedHashMap<>();
    for (int i = 0; i < most.size(); i++) {
      explained.put("layer" + i, new float[most.get(i)]);
    }

    Map<String, Integer> ranks = EvaRanks.allot(explained, budget);

    int room = most.stream().mapToInt(Integer::intValue).sum();
    assertThat(ranks.values().stream().mapToInt(Integer::intValue).sum())
        .isEqualTo(Math.min(room, budget));
    for (int i = 0; i < most.size(); i++) {
      assertThat(ranks.get("layer" + i)).isBetween(0, most.get(i));
    }
  }

  @Test
  void tooFewExamplesAreRefused() {
    try (PointerScope scope = new PointerScope();
        Mlp net = new Mlp()) {
      assertThatThrownBy(() -> Lora.adapt(net, CONFIG, List.of()))
          .isInstanceOf(UserError.class)
          .hasMessage("eva: no examples; give at least one batch");
      assertThatThrownBy(() -> Lora.adapt(net, CONFIG, batches(torch.randn(3, Mlp.IN))))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("at least as many rows as components");
      assertThatThrownBy(() -> Lora.adapt(net, LoraConfig.rank(2), batches(torch.randn(9, Mlp.IN))))
          .isInstanceOf(UserError.class)
          .hasMessage("examples are for init_lora_weights = eva, found true");
      assertThatThrownBy(() -> Lora.adapt(net, CONFIG.withRank(7), batches(torch.randn(9, Mlp.IN))))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("the rank at 'fc1', 7, exceeds its number of inputs, 6");
      assertThat(net.namedModules().values())
          .noneMatch(m -> m instanceof LoraLayer || m instanceof InputRecorder);
    }
  }
}
