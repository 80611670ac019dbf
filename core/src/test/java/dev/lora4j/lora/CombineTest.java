package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.MajoritySign;
import dev.lora4j.lora.config.BiasTraining;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.PathPatterns;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.Activation;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CombineTest {
  private static final LoraConfig CONFIG = LoraConfig.rank(2).alpha(3);
  private static final Map<String, Double> BOTH = Map.of("cats", 0.5, "dogs", 2.0);

  private final PointerScope scope = new PointerScope();
  private final AdaptedMlp mlp = AdaptedMlp.trained(CONFIG, 1);
  private final LoraModel model = mlp.model;

  @AfterEach
  void close() {
    mlp.close();
    scope.close();
  }

  // ---- two numbers that can be checked by eye ----

  /**
   * Combines adapters of one layer with one input and two outputs, with A = 1, so that B is the
   * delta.
   */
  private static float[] combined(float[] one, float[] other, Combination how) {
    try (Sequential net = new Sequential(Linear.withoutBias(1, one.length))) {
      LoraModel model = Lora.base(net);
      add(model, "one", one);
      add(model, "other", other);
      model.combine("both", Map.of("one", 1.0, "other", 1.0), how);
      return Ops.floats(Deltas.of(model, "both", "0"));
    }
  }

  private static void add(LoraModel model, String name, float[] update) {
    model.add(name, LoraConfig.rank(1));
    List<Parameter> factors = model.parameters(name);
    factors.get(0).copyFrom(Ops.ones(1, 1));
    factors.get(1).copyFrom(Ops.tensor(update, update.length, 1));
  }

  @Test
  void catAddsTheDeltas() {
    assertThat(combined(new float[] {1, 2}, new float[] {3, -5}, Combination.cat()))
        .containsExactly(4, -3);
  }

  @Test
  void linearMultipliesTheSumsOfTheFactors() {
    assertThat(combined(new float[] {1, 2}, new float[] {3, -5}, Combination.linear()))
        .containsExactly(8, -6); // (1 + 1) · (1 + 3), (1 + 1) · (2 − 5)
  }

  @Test
  void tiesAveragesValuesThatAgreeInSign() {
    float[] one = {4, 1, -2, 0};
    float[] other = {2, -3, -4, 5};

    assertThat(combined(one, other, Combination.ties(1))) // mean A is 1
        .containsExactly(3, -3, -3, 5);
  }

  @Test
  void majorityCountsValuesOrMagnitudes() {
    try (Sequential net = new Sequential(Linear.withoutBias(1, 1))) {
      LoraModel model = Lora.base(net);
      add(model, "one", new float[] {1});
      add(model, "two", new float[] {1});
      add(model, "big", new float[] {-9});
      Map<String, Double> weights = Map.of("one", 1.0, "two", 1.0, "big", 1.0);

      model.combine("total", weights, Combination.ties(1));
      model.combine("frequency", weights, Combination.ties(1, MajoritySign.FREQUENCY));

      assertThat(Ops.floats(Deltas.of(model, "total", "0"))).containsExactly(-9);
      assertThat(Ops.floats(Deltas.of(model, "frequency", "0"))).containsExactly(1);
    }
  }

  // ---- the combined adapter ----

  @Test
  void combinedAdapterIsInactiveAndTheOthersAreUnchanged() {
    mlp.with("cats", CONFIG).with("dogs", CONFIG);
    Tensor before = mlp.answer();

    model.combine("both", BOTH, Combination.cat());

    assertThat(model.adapterNames()).containsExactly("default", "cats", "dogs", "both");
    assertThat(model.active()).containsExactly("default");
    TensorAssert.assertThat(mlp.answer()).isExactly(before);
    assertThat(model.parameters("both")).allMatch(Parameter::isTrainable);
  }

  @Test
  void configHasTheRankAndAScalingOfOne() {
    mlp.with("cats", CONFIG.dropout(0.1)).with("dogs", LoraConfig.rank(5).alpha(1).rsLora(true));

    model.combine("both", BOTH, Combination.cat());

    assertThat(model.config("both")).isEqualTo(LoraConfig.rank(7).dropout(0.1));
  }

  @Test
  void targetsAreTheUnionOfTheAdaptersTargets() {
    mlp.with("cats", CONFIG.targets(Targets.named("fc1", "head")))
        .with("dogs", CONFIG.targets(Targets.named("head", "fc2")));

    model.combine("both", BOTH, Combination.linear());

    assertThat(model.config("both").targets()).isEqualTo(Targets.named("fc1", "head", "fc2"));
    assertThat(model.config("both").rankPattern()).isEqualTo(PathPatterns.none());
  }

  @Test
  void layersOfOtherRanksAreInTheRankPattern(@TempDir Path directory) {
    mlp.with("cats", CONFIG.targets(Targets.named("fc1", "head")))
        .with("dogs", CONFIG.targets(Targets.named("head", "fc2")));

    model.combine("both", BOTH, Combination.cat());
    model.save("both", directory);
    model.load("again", directory);

    for (String name : List.of("both", "again")) {
      LoraConfig config = model.config(name);
      assertThat(config.rank()).isEqualTo(2);
      assertThat(config.rankAt("head")).isEqualTo(4);
      assertThat(config.scalingAt("head")).isEqualTo(1);
      assertThat(config.rankAt("other.head")).isEqualTo(2);
    }
  }

  @Test
  void layersAreNamedOneByOneIfTheUnionDoesNotMatchThem() {
    mlp.with("cats", CONFIG.exclude(Targets.named("fc2", "head")))
        .with("dogs", CONFIG.exclude(Targets.named("fc1", "fc2")));

    model.combine("both", BOTH, Combination.cat());

    assertThat(Deltas.of(model, "both").keySet()).containsExactly("fc1", "head");
    assertThat(model.config("both").targets().describe()).isEqualTo("fc1|head");
    assertThat(model.config("both").exclude()).isEqualTo(Targets.none());
  }

  @Test
  void dotsOfAPathAreQuoted() {
    mlp.with("cats", CONFIG.targets(Targets.named("fc2")))
        .with("dogs", CONFIG.targets(Targets.matching("fc1")));

    model.combine("both", BOTH, Combination.cat());

    assertThat(model.config("both").targets().describe()).isEqualTo("fc1|block\\.fc2");
  }

  @Test
  void rankIsLimitedByTheLayer() {
    mlp.with("cats", CONFIG).with("dogs", CONFIG);

    model.combine("sum", BOTH, Combination.svd().rank(100));
    model.combine("pruned", BOTH, Combination.magnitudePrune(0.5).bySvd(100));

    LoraConfig sum = model.config("sum"); // 2 and 2, but the head has three outputs only
    assertThat(List.of(sum.rankAt("fc1"), sum.rankAt("fc2"), sum.rankAt("head")))
        .containsExactly(4, 4, 3);
    LoraConfig pruned = model.config("pruned"); // whose deltas have any rank
    assertThat(List.of(pruned.rankAt("fc1"), pruned.rankAt("block.fc2"), pruned.rankAt("head")))
        .containsExactly(6, 8, 3);
  }

  @Test
  void sameSeedGivesTheSameAdapter() {
    mlp.with("cats", CONFIG).with("dogs", CONFIG);

    model.combine("once", BOTH, Combination.dareLinear(0.5, 1));
    model.combine("again", BOTH, Combination.dareLinear(0.5, 1));
    model.combine("other", BOTH, Combination.dareLinear(0.5, 2));

    TensorAssert.assertSameState(Deltas.of(model, "again"), Deltas.of(model, "once"));
    assertThat(Deltas.of(model, "other", "fc1").equal(Deltas.of(model, "once", "fc1"))).isFalse();
  }

  @Test
  void layerAtTwoPathsIsCombinedOnce() {
    Linear shared = new Linear(3, 3);
    try (Sequential net = new Sequential(shared, Activation.relu(), shared)) {
      LoraModel tied = Lora.base(net);
      tied.add("cats", CONFIG);
      tied.parameters("cats").forEach(p -> p.copyFrom(torch.randn(p.shape())));
      Tensor input = torch.randn(4, 3);

      tied.combine("twice", Map.of("cats", 1.0), Combination.cat());

      tied.activate("cats");
      Tensor expected = tied.forward(input);
      tied.activate("twice");
      TensorAssert.assertThat(tied.forward(input)).isCloseTo(expected, 1e-6);
    }
  }

  /** The delta of a grouped convolution is not a single product of A and B. */
  @Test
  void catOfGroupedConvolutionsIsTheWeightedSumOfTheirOutputs() {
    try (Sequential net = new Sequential(new Conv2d(4, 6, ConvOptions.kernel(2).withGroups(2)))) {
      LoraModel grouped = Lora.base(net);
      for (String name : List.of("cats", "dogs")) {
        grouped.add(name, LoraConfig.rank(4).alpha(3).targets(Targets.named("0")));
        grouped.parameters(name).forEach(p -> p.copyFrom(torch.randn(p.shape())));
      }
      Tensor input = torch.randn(2, 4, 5, 5);
      grouped.combine("both", BOTH, Combination.cat());

      Tensor base = grouped.forward(input);
      Tensor expected = base;
      for (String name : List.of("cats", "dogs")) {
        Tensor added = Ops.addScaled(answer(grouped, name, input), base, -1);
        expected = Ops.addScaled(expected, added, Objects.requireNonNull(BOTH.get(name)));
      }
      TensorAssert.assertThat(answer(grouped, "both", input)).isCloseTo(expected, 1e-5);

      assertThatThrownBy(() -> grouped.combine("small", BOTH, Combination.ties(0.5).bySvd()))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "'0' is a convolution with groups, which can't be combined by ties_svd; use cat");
      assertThat(grouped.adapterNames()).containsExactly("cats", "dogs", "both");
    }
  }

  private static Tensor answer(LoraModel model, String adapter, Tensor input) {
    try (AdapterScope using = model.using(adapter)) {
      return model.forward(input);
    }
  }

  @Test
  void adapterInitialisedFromTheBaseIsCombinedByItsDelta() {
    Engine.seed(1);
    mlp.with("cats", CONFIG.initialization(new Initialization.Pissa(0))).with("dogs", CONFIG);

    model.combine("all", Map.of("cats", 1.0), Combination.svd().rank(8));

    Map<String, Tensor> expected = Deltas.of(model, "cats");
    Deltas.of(model, "all")
        .forEach(
            (path, delta) ->
                TensorAssert.assertThat(delta)
                    .isCloseTo(Objects.requireNonNull(expected.get(path)), 1e-5));
    assertThatThrownBy(() -> model.combine("both", BOTH, Combination.cat()))
        .isInstanceOf(UserError.class)
        .hasMessage("'cats' was initialised by pissa, from a part of the base's weights; use svd");
  }

  // ---- what can't be combined ----

  @Test
  void takenNameIsRefused() {
    mlp.with("cats", CONFIG).with("dogs", CONFIG);

    assertThatThrownBy(() -> model.combine("cats", BOTH, Combination.cat()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("there is already an adapter 'cats'");
  }

  @Test
  void unknownAdapterIsRefusedWithTheNearestName() {
    mlp.with("cats", CONFIG);

    assertThatThrownBy(
            () -> model.combine("both", Map.of("cast", 1.0, "default", 1.0), Combination.cat()))
        .isInstanceOf(UserError.class)
        .hasMessage("no adapter 'cast'; did you mean cats?");
  }

  @Test
  void emptyCombinationIsRefused() {
    assertThatThrownBy(() -> model.combine("none", Map.of(), Combination.cat()))
        .isInstanceOf(UserError.class)
        .hasMessage("no adapters to combine; there are: default");
  }

  @Test
  void differentRanksAreRefusedWithARemedy() {
    mlp.with("cats", CONFIG).with("dogs", LoraConfig.rank(5));

    assertThatThrownBy(() -> model.combine("both", BOTH, Combination.ties(0.5)))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "ties requires equal ranks, but at 'fc1' they are 2 of 'cats', 5 of 'dogs'; use cat or"
                + " svd");
    assertThat(model.adapterNames()).containsExactly("default", "cats", "dogs");
  }

  @Test
  void everythingThatACombinationWouldLoseIsListed() {
    mlp.with("cats", CONFIG.dora(true).bias(BiasTraining.ALL))
        .with("dogs", CONFIG.targets(Targets.named("fc1")).modulesToSave("head"));

    assertThatThrownBy(
            () -> model.combine("both", Map.of("cats", Double.NaN, "dogs", 1.0), Combination.cat()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the weight of 'cats' must be a finite number, found NaN")
        .hasMessageContaining("'cats' has use_dora: its magnitudes would be lost")
        .hasMessageContaining("'cats' has bias = all: its biases would be lost")
        .hasMessageContaining("'dogs' has modules_to_save: its head would be lost");
  }

  @Test
  void mergedAdaptersCantBeCombined() {
    mlp.with("cats", CONFIG).with("dogs", CONFIG);
    model.merge();

    assertThatThrownBy(() -> model.combine("both", BOTH, Combination.cat()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("unmerge first");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.5, 1.1, Double.NaN})
  void densityOutsideOfTheUnitIntervalIsRefused(double density) {
    assertThatThrownBy(() -> Combination.ties(density))
        .isInstanceOf(UserError.class)
        .hasMessage("density must be in (0, 1], found " + density);
    assertThatThrownBy(() -> Combination.dareLinear(density, 0)).isInstanceOf(UserError.class);
  }

  @Test
  void rankBelowOneIsRefused() {
    assertThatThrownBy(() -> Combination.svd().rank(0))
        .isInstanceOf(UserError.class)
        .hasMessage("rank must be at least 1, found 0");
  }

  @Test
  void namesArePefts() {
    Map<String, Combination> words =
        Map.ofEntries(
            Map.entry("linear", Combination.linear()),
            Map.entry("cat", Combination.cat()),
            Map.entry("svd", Combination.svd()),
            Map.entry("ties", Combination.ties(0.5)),
            Map.entry("ties_svd", Combination.ties(0.5).bySvd()),
            Map.entry("dare_linear", Combination.dareLinear(0.5, 0)),
            Map.entry("dare_linear_svd", Combination.dareLinear(0.5, 0).bySvd()),
            Map.entry("dare_ties", Combination.dareTies(0.5, 0)),
            Map.entry("dare_ties_svd", Combination.dareTies(0.5, 0).bySvd()),
            Map.entry("magnitude_prune", Combination.magnitudePrune(0.5)),
            Map.entry("magnitude_prune_svd", Combination.magnitudePrune(0.5).bySvd(3)));

    words.forEach((word, how) -> assertThat(how.word()).isEqualTo(word));
  }

  @ParameterizedTest
  @ValueSource(strings = {"svd", "cat", "linear", "ties_svd"})
  void valuesThatAreNotFiniteAreRefusedByAdapterAndLayer(String word) {
    try (PointerScope scope = new PointerScope();
        AdaptedMlp made = AdaptedMlp.trained(LoraConfig.rank(2), 1)) {
      made.with("broken", LoraConfig.rank(2));
      int layers = made.model.layers().size();
      Parameter first = made.model.parameters("broken").get(0);
      first.copyFrom(first.value().detach().mul(new Scalar(Double.NaN)));

      assertThatThrownBy(
              () -> made.model.combine("both", Map.of("default", 1.0, "broken", 1.0), how(word)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'broken' holds NaN or infinity in fc1");
      assertThat(made.model.layers()).hasSize(layers);
      assertThat(made.model.adapterNames()).doesNotContain("both");

      first.copyFrom(torch.full(first.shape(), new Scalar(3e38)));
      assertThatThrownBy(
              () -> made.model.combine("both", Map.of("default", 1.0, "broken", 1e6), how(word)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("too large for float32");
    }
  }

  private static Combination how(String word) {
    return switch (word) {
      case "svd" -> Combination.svd();
      case "cat" -> Combination.cat();
      case "linear" -> Combination.linear();
      default -> Combination.ties(0.5).bySvd();
    };
  }
}
