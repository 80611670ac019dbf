package dev.lora4j.lora;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.QuantizedLoraTest.Store;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.Int8Weights;
import dev.lora4j.nn.runtime.Engine;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.GenerationMode;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/** The parts of an adapter that need a dense weight, and those that any storage takes. */
class WeightStorageLimitsTest {
  private static final int IN = 64;
  private static final int OUT = 20;
  private static final LoraConfig LORA = LoraConfig.rank(3).alpha(6).targets(Targets.everyLinear());

  // ---- dense weights only ----

  @Property(generation = GenerationMode.EXHAUSTIVE)
  void trainingAModuleItselfIsRefusedByItsNameAndStorage(@ForAll Store kind) {
    assertRefused(
        kind, LORA.modulesToSave("1"), "modules_to_save: '1' has its weight in " + word(kind));
  }

  @Property(generation = GenerationMode.EXHAUSTIVE)
  void aTargetParameterIsRefusedByItsNameAndStorage(@ForAll Store kind) {
    LoraConfig config = LoraConfig.rank(2).targets(Targets.named("0"));
    assertRefused(
        kind,
        config.targetParameters("1.weight"),
        "target_parameters: '1.weight' is of a weight in " + word(kind));
  }

  @Property(generation = GenerationMode.EXHAUSTIVE)
  void rowsOfAnEmbeddingAreRefusedByItsNameAndStorage(@ForAll Store kind) {
    assertRefused(
        kind,
        LORA.trainableTokens(Map.of("2", List.of(1L, 3L))),
        "trainable_token_indices: '2' has its weight in " + word(kind));
  }

  private static String word(Store kind) {
    return kind == Store.HALF
        ? "bfloat16"
        : kind == Store.Q4_0 ? "Q4_0" : kind.name().toLowerCase(Locale.ROOT);
  }

  private static void assertRefused(Store kind, LoraConfig config, String message) {
    try (PointerScope scope = new PointerScope()) {
      Module net =
          new Sequential(
              new Linear(IN, IN),
              Linear.sharing(kind.of(torch.randn(OUT, IN)), Optional.empty()),
              Embedding.sharing(kind.of(torch.randn(OUT, IN)), OptionalLong.empty()));
      assertThatThrownBy(() -> Lora.adapt(net, config))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(message)
          .hasMessageContaining("only a dense weight can be trained or changed")
          .hasMessageContaining("target_modules, whose LoRA works with any storage");
      assertThat(net.find("0")).isInstanceOf(Linear.class); // nothing is changed
    }
  }

  @Test
  void aConvolutionWithoutADenseWeightIsRefused() {
    Int8Weights int8 = Int8Weights.quantize(torch.randn(OUT, IN));
    assertThatThrownBy(() -> new Conv2d(3, OUT, 3).withStore(int8))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "Conv2d can't compute with a weight in int8; Linear and Embedding can");
  }

  // ---- any storage ----

  @Property(generation = GenerationMode.EXHAUSTIVE)
  void biasesAreTrained(@ForAll Store kind) {
    try (PointerScope scope = new PointerScope()) {
      Parameter bias = Parameter.over(torch.randn(OUT));
      Linear quantized = Linear.sharing(kind.of(torch.randn(OUT, IN)), Optional.of(bias));
      LoraModel model = Lora.adapt(new Sequential(quantized), LORA.bias(BiasTraining.ALL));
      model.forward(torch.randn(3, IN)).sum().backward();

      Parameter trained = requireNonNull(model.adapter("default").saved().get("0.base_layer.bias"));
      assertThat(Ops.floats(requireNonNull(trained.gradient()))).containsOnly(3);
    }
  }

  @Property(generation = GenerationMode.EXHAUSTIVE)
  void initialisationsFromTheWeightAreThoseOfTheDequantisedWeight(
      @ForAll Store kind, @ForAll("fromWeight") Initialization how) {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(5);
      WeightStore store = kind.of(torch.randn(OUT, IN));
      Module quantized = new Sequential(Linear.sharing(store, Optional.empty()));
      Module dense =
          new Sequential(
              Linear.sharing(
                  Parameter.over(store.dense().to(ScalarType.Float).clone()), Optional.empty()));
      Tensor x = torch.randn(3, IN);
      Tensor before = quantized.forward(x).detach();
      LoraModel adapted = Lora.adapt(quantized, LORA.initialization(how));
      LoraModel expected = Lora.adapt(dense, LORA.initialization(how));

      TensorAssert.assertThat(adapted.forward(x).detach()).isCloseTo(before, 1e-4);
      TensorAssert.assertThat(product(adapted)).isCloseTo(product(expected), 1e-4);
    }
  }

  @Provide
  Arbitrary<Initialization> fromWeight() {
    return Arbitraries.of(new Initialization.Pissa(0), new Initialization.Olora());
  }

  private static Tensor product(LoraModel model) {
    List<Parameter> factors = model.parameters("default");
    return factors.get(1).value().mm(factors.get(0).value());
  }
}
