package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Mlp;
import dev.lora4j.TensorAssert;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.lora.merge.Unmerging;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Laws of adapters, for random ranks, alphas, targets and values. */
class LoraLawsTest {
  private static final int TRIES = 50;
  private static final List<String> NAMES = List.of("fc1", "fc2", "head");

  @Provide
  Arbitrary<LoraConfig> configs() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 10),
            Arbitraries.doubles().between(-4, 4).ofScale(2),
            Arbitraries.of(NAMES).list().ofMinSize(1).ofMaxSize(3).uniqueElements())
        .as(
            (rank, alpha, names) ->
                LoraConfig.rank(rank).alpha(alpha).targets(Targets.named(names)));
  }

  @Property(tries = TRIES)
  void newAdapterEqualsTheBaseBitForBit(@ForAll("configs") LoraConfig config, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp fresh = AdaptedMlp.fresh(config, seed)) {
      TensorAssert.assertThat(fresh.answer()).isExactly(fresh.answerOfTheBase());
    }
  }

  @Property(tries = TRIES)
  void disabledAdapterEqualsTheBaseBitForBit(
      @ForAll("configs") LoraConfig config, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained = AdaptedMlp.trained(config, seed)) {
      Tensor adapted = trained.answer();

      try (AdapterScope disabled = trained.model.disabled()) {
        TensorAssert.assertThat(trained.answer()).isExactly(trained.answerOfTheBase());
      }
      TensorAssert.assertThat(trained.answer()).isExactly(adapted);
    }
  }

  @Property(tries = TRIES)
  void unmergingRestoresTheBaseBitForBit(@ForAll("configs") LoraConfig config, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained = AdaptedMlp.trained(config, seed)) {
      Map<String, Tensor> before = copy(trained.net.stateDict());

      trained.model.merge();
      assertThat(trained.model.isMerged()).isTrue();
      trained.model.unmerge();

      assertThat(trained.model.isMerged()).isFalse();
      TensorAssert.assertSameState(trained.net.stateDict(), before);
    }
  }

  /** DoRA is reverted by dividing by its ratio, which scales the rounding error. */
  @Property(tries = TRIES)
  void unmergingBySubtractionRestoresTheBaseUpToRounding(
      @ForAll("configs") LoraConfig config, @ForAll boolean dora, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained =
            AdaptedMlp.trained(config.dora(dora), seed).with("other", config.alpha(2))) {
      Map<String, Tensor> before = copy(trained.net.stateDict());
      trained.model.activate("default", "other");
      double tolerance = 1e-5 / Math.min(1, smallestRatio(trained.model));

      trained.model.merge(Unmerging.BY_SUBTRACTION);
      trained.model.unmerge();

      before.forEach(
          (path, tensor) ->
              TensorAssert.assertThat(Objects.requireNonNull(trained.net.stateDict().get(path)))
                  .isCloseTo(tensor, tolerance));
    }
  }

  private static double smallestRatio(LoraModel model) {
    return model.adapter("default").deltas(model.layers()).values().stream()
        .flatMap(delta -> delta.outputScale().stream())
        .mapToDouble(scale -> scale.abs().min().item_double())
        .min()
        .orElse(1);
  }

  private static Map<String, Tensor> copy(Map<String, Tensor> state) {
    return state.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().detach().clone()));
  }

  @Property(tries = TRIES)
  void mergedNetworkGivesTheAdaptedOutput(@ForAll("configs") LoraConfig config, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained = AdaptedMlp.trained(config, seed)) {
      Tensor adapted = trained.answer();

      trained.model.merge();

      TensorAssert.assertThat(trained.answer()).isCloseTo(adapted, 1e-5);
    }
  }

  @Property(tries = TRIES)
  void savedAdapterIsLoaded(@ForAll("configs") LoraConfig config, @ForAll long seed)
      throws IOException {
    Path directory = Files.createTempDirectory("adapter");
    try (PointerScope scope = new PointerScope();
        AdaptedMlp trained = AdaptedMlp.trained(config, seed)) {
      trained.model.save("default", directory);

      trained.model.load("loaded", directory);

      assertThat(trained.model.config("loaded")).isEqualTo(config);
      trained
          .model
          .layers()
          .forEach(
              (path, layer) ->
                  TensorAssert.assertSameState(
                      state(layer, trained.model, "loaded"),
                      state(layer, trained.model, "default")));
      Tensor before = trained.answer();
      trained.model.activate("loaded");
      TensorAssert.assertThat(trained.answer()).isExactly(before);
    } finally {
      Files.delete(directory.resolve("adapter_config.json"));
      Files.delete(directory.resolve("adapter_model.safetensors"));
      Files.delete(directory);
    }
  }

  private static Map<String, Tensor> state(LoraLayer layer, LoraModel model, String adapter) {
    LoraDelta lowRank = model.adapter(adapter).delta(layer);
    return lowRank == null ? Map.of() : lowRank.stateDict();
  }

  @Property(tries = TRIES)
  void orderOfTheTargetsDoesNotMatter(@ForAll("configs") LoraConfig config, @ForAll long seed) {
    List<String> names = new ArrayList<>(((Targets.Named) config.targets()).names());
    Collections.reverse(names);
    try (PointerScope scope = new PointerScope();
        AdaptedMlp one = AdaptedMlp.trained(config, seed);
        AdaptedMlp other = AdaptedMlp.trained(config.targets(Targets.named(names)), seed)) {
      assertThat(other.model.layers().keySet())
          .containsExactlyElementsOf(one.model.layers().keySet());
      TensorAssert.assertSameState(other.net.stateDict(), one.net.stateDict());
    }
  }

  /** Holds for a single linear layer; in a deeper network, later layers see the sum. */
  @Property(tries = TRIES)
  void deltasOfTwoActiveAdaptersAddUp(
      @ForAll @IntRange(min = 1, max = 6) int oneRank,
      @ForAll @IntRange(min = 1, max = 6) int otherRank) {
    try (PointerScope scope = new PointerScope();
        Sequential net = new Sequential(new Linear(Mlp.IN, 5))) {
      LoraModel model = Lora.base(net);
      model.add("one", LoraConfig.rank(oneRank));
      model.add("other", LoraConfig.rank(otherRank).alpha(3));
      for (String name : List.of("one", "other")) {
        model.parameters(name).forEach(p -> p.copyFrom(torch.randn(p.shape())));
      }
      Tensor input = torch.randn(4, Mlp.IN);

      Tensor base = model.forward(input);
      model.activate("one");
      Tensor one = model.forward(input);
      model.activate("other");
      Tensor other = model.forward(input);
      model.activate("other", "one");
      Tensor both = model.forward(input);

      Tensor sum = Ops.addScaled(Ops.addScaled(one, other, 1), base, -1);
      TensorAssert.assertThat(both).isCloseTo(sum, 1e-5);
      model.merge();
      TensorAssert.assertThat(model.forward(input)).isCloseTo(sum, 1e-5);
    }
  }
}
