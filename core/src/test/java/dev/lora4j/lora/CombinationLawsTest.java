package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.lora.combine.Combination;
import dev.lora4j.lora.combine.MajoritySign;
import dev.lora4j.lora.combine.Pruning;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.conv.Conv1d;
import dev.lora4j.nn.conv.Conv2d;
import dev.lora4j.nn.conv.Conv3d;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Laws of combined adapters, for random layers, ranks, scalings, weights and values. */
class CombinationLawsTest {
  private static final int TRIES = 40;
  private static final double TOLERANCE = 1e-5;

  /** The kinds of layers that have a delta, each with six outputs and at least as many inputs. */
  enum Kind {
    LINEAR {
      @Override
      Module layer() {
        return new Linear(7, 6);
      }
    },
    TRANSPOSED {
      @Override
      Module layer() {
        return new TransposedLinear(7, 6);
      }
    },
    LINE {
      @Override
      Module layer() {
        return new Conv1d(2, 6, ConvOptions.kernel(3));
      }
    },
    IMAGE {
      @Override
      Module layer() {
        return new Conv2d(2, 6, ConvOptions.kernel(2));
      }
    },
    VOLUME {
      @Override
      Module layer() {
        return new Conv3d(1, 6, ConvOptions.kernel(3, 1, 2));
      }
    },
    EMBEDDING {
      @Override
      Module layer() {
        return new Embedding(7, 6);
      }
    };

    abstract Module layer();
  }

  /** An adapter: its layers, rank, alpha, and weight. */
  record Part(List<String> layers, int rank, double alpha, boolean rsLora, double weight) {
    LoraConfig config() {
      return LoraConfig.rank(rank).alpha(alpha).rsLora(rsLora).targets(Targets.named(layers));
    }
  }

  @Provide
  Arbitrary<List<Part>> parts() {
    return parts(Arbitraries.integers().between(1, 5)).list().ofMinSize(1).ofMaxSize(4);
  }

  @Provide
  Arbitrary<List<Part>> partsOfRankTwo() {
    return parts(Arbitraries.just(2)).list().ofMinSize(1).ofMaxSize(4);
  }

  private static Arbitrary<Part> parts(Arbitrary<Integer> ranks) {
    return Combinators.combine(
            Arbitraries.of(List.of("0"), List.of("1"), List.of("0", "1")),
            ranks,
            Arbitraries.doubles().between(-4, 4).ofScale(2),
            Arbitraries.of(true, false),
            Arbitraries.doubles().between(-2, 2).ofScale(2))
        .as(Part::new);
  }

  /** A network of two layers of one kind, with adapters named by their number. */
  private static final class Adapted implements AutoCloseable {
    final Sequential net;
    final LoraModel model;
    final Map<String, Double> weights = new LinkedHashMap<>();

    Adapted(Kind kind, List<Part> parts, long seed) {
      Engine.seed(seed);
      net = new Sequential(kind.layer(), kind.layer());
      model = Lora.base(net);
      for (Part part : parts) {
        String name = "adapter" + weights.size();
        model.add(name, part.config());
        model.parameters(name).forEach(p -> p.copyFrom(torch.randn(p.shape())));
        weights.put(name, part.weight());
      }
    }

    Map<String, Tensor> combined(Combination how) {
      String name = "combined" + model.adapterNames().size();
      model.combine(name, weights, how);
      return Deltas.of(model, name);
    }

    /** Returns {@code Σ wᵢ ΔWᵢ} of each adapted layer. */
    Map<String, Tensor> weightedSum() {
      Map<String, Tensor> sums = new LinkedHashMap<>();
      weights.forEach(
          (name, weight) ->
              Deltas.of(model, name)
                  .forEach(
                      (path, delta) ->
                          sums.merge(path, delta.mul(new Scalar(weight)), Tensor::add)));
      return sums;
    }

    @Override
    public void close() {
      net.close();
    }
  }

  private static void assertSame(Map<String, Tensor> actual, Map<String, Tensor> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    actual.forEach(
        (path, delta) ->
            TensorAssert.assertThat(delta)
                .as(path)
                .isCloseTo(Objects.requireNonNull(expected.get(path)), TOLERANCE));
  }

  @Property(tries = TRIES)
  void catIsTheWeightedSumOfTheDeltas(
      @ForAll Kind kind, @ForAll("parts") List<Part> parts, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Adapted adapted = new Adapted(kind, parts, seed)) {
      assertSame(adapted.combined(Combination.cat()), adapted.weightedSum());
    }
  }

  /** Six is the full rank of a layer with six outputs. */
  @Property(tries = TRIES)
  void fullRankSvdIsTheWeightedSumOfTheDeltas(
      @ForAll Kind kind, @ForAll("parts") List<Part> parts, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Adapted adapted = new Adapted(kind, parts, seed)) {
      assertSame(adapted.combined(Combination.svd().rank(6)), adapted.weightedSum());
    }
  }

  @Property(tries = TRIES)
  void linearOfOneAdapterScalesItsDelta(
      @ForAll Kind kind, @ForAll("parts") List<Part> parts, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Adapted adapted = new Adapted(kind, parts.subList(0, 1), seed)) {
      assertSame(adapted.combined(Combination.linear()), adapted.weightedSum());
    }
  }

  @Property(tries = TRIES)
  void pruningWithFullDensityIsLinear(
      @ForAll Kind kind, @ForAll("partsOfRankTwo") List<Part> parts, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Adapted adapted = new Adapted(kind, parts, seed)) {
      Map<String, Tensor> linear = adapted.combined(Combination.linear());

      TensorAssert.assertSameState(adapted.combined(Combination.dareLinear(1, seed)), linear);
      TensorAssert.assertSameState(adapted.combined(Combination.magnitudePrune(1)), linear);
      TensorAssert.assertSameState(
          adapted.combined(Combination.dareTies(1, seed)), adapted.combined(Combination.ties(1)));
    }
  }

  @Property(tries = TRIES)
  void orderOfTheAdaptersDoesNotMatter(
      @ForAll Kind kind, @ForAll("partsOfRankTwo") List<Part> parts, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Adapted one = new Adapted(kind, parts, seed);
        Adapted other = new Adapted(kind, reversed(parts), seed)) {
      takeOver(one, other);
      for (Combination how :
          List.of(
              Combination.linear(),
              Combination.cat(),
              Combination.svd().rank(6),
              Combination.magnitudePrune(0.5),
              Combination.ties(0.5),
              Combination.ties(0.5, MajoritySign.FREQUENCY),
              Combination.ties(0.5).bySvd(6))) {
        assertSame(other.combined(how), one.combined(how));
      }
    }
  }

  private static List<Part> reversed(List<Part> parts) {
    List<Part> reversed = new ArrayList<>(parts);
    Collections.reverse(reversed);
    return reversed;
  }

  /** Copies the adapters' values into those of another network, which are in reverse order. */
  private static void takeOver(Adapted from, Adapted to) {
    int last = from.weights.size() - 1;
    for (int i = 0; i <= last; i++) {
      copy(from.model, "adapter" + i, to.model, "adapter" + (last - i));
    }
  }

  private static void copy(LoraModel from, String source, LoraModel to, String target) {
    Map<String, Parameter> numbers = from.adapter(source).saved();
    to.adapter(target)
        .saved()
        .forEach((key, p) -> p.copyFrom(Objects.requireNonNull(numbers.get(key)).value()));
  }

  @Property(tries = TRIES)
  void orderOfTheWeightsChangesNoBit(
      @ForAll Kind kind, @ForAll("partsOfRankTwo") List<Part> parts, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Adapted adapted = new Adapted(kind, parts, seed)) {
      Map<String, Tensor> before = adapted.combined(Combination.dareTies(0.5, seed));

      List<String> names = new ArrayList<>(adapted.weights.keySet());
      Collections.reverse(names);
      names.forEach(name -> adapted.weights.put(name, removed(adapted.weights, name)));

      TensorAssert.assertSameState(adapted.combined(Combination.dareTies(0.5, seed)), before);
    }
  }

  private static double removed(Map<String, Double> weights, String name) {
    return Objects.requireNonNull(weights.remove(name));
  }

  @Property(tries = TRIES)
  void negativeWeightSubtracts(
      @ForAll Kind kind, @ForAll("parts") List<Part> parts, @ForAll long seed) {
    try (PointerScope scope = new PointerScope();
        Adapted adapted = new Adapted(kind, parts, seed)) {
      Map<String, Tensor> sum = adapted.combined(Combination.cat());
      adapted.weights.replaceAll((name, weight) -> -weight);
      Map<String, Tensor> opposite = adapted.combined(Combination.cat());

      opposite.replaceAll((path, delta) -> delta.neg());
      assertSame(opposite, sum);
    }
  }

  @Property(tries = TRIES)
  void mixOfEqualTensorsIsThatTensor(@ForAll Kind kind, @ForAll long seed) {
    Part half = new Part(List.of("0", "1"), 2, 2, false, 0.5);
    try (PointerScope scope = new PointerScope();
        Adapted adapted = new Adapted(kind, List.of(half, half), seed)) {
      copy(adapted.model, "adapter0", adapted.model, "adapter1");
      Map<String, Tensor> own = Deltas.of(adapted.model, "adapter0");

      Map<String, Tensor> sumOfRoots = adapted.combined(Combination.linear());
      sumOfRoots.replaceAll((path, delta) -> delta.div(new Scalar(2))); // (2 √½ A) · (2 √½ B)
      assertSame(sumOfRoots, own);
      Map<String, Tensor> meanOfRoots = adapted.combined(Combination.ties(1));
      meanOfRoots.replaceAll((path, delta) -> delta.mul(new Scalar(2))); // (√½ A) · (√½ B)
      assertSame(meanOfRoots, own);
    }
  }

  /**
   * Each value is either zero or divided by the density; the share of non-zero values is about the
   * density.
   */
  @Property(tries = TRIES)
  void randomPruningKeepsTheShareAndTheMean(@ForAll long seed) {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(seed);
      double density = 0.3;
      long size = 100_000;
      Tensor ones = Ops.ones(100, 1000);

      Tensor pruned = new Pruning.Random(density, seed).pruner().apply(ones);

      long kept = pruned.count_nonzero().item_long();
      double deviation = Math.sqrt(size * density * (1 - density));
      assertThat((double) kept)
          .isBetween(size * density - 6 * deviation, size * density + 6 * deviation);
      TensorAssert.assertThat(pruned)
          .isExactly(pruned.ne(new Scalar(0)).to(pruned.scalar_type()).div(new Scalar(density)));
    }
  }

  @Property(tries = TRIES)
  void pruningByMagnitudeKeepsTheLargest(@ForAll long seed) {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(seed);
      Tensor numbers = torch.randn(10, 10);

      Tensor pruned = new Pruning.Magnitude(0.3).pruner().apply(numbers);

      assertThat(pruned.count_nonzero().item_long()).isEqualTo(30);
      Tensor lost = numbers.sub(pruned).abs();
      double smallestKept =
          pruned.abs().masked_select(pruned.ne(new Scalar(0))).min().item_double();
      assertThat(lost.max().item_double()).isLessThanOrEqualTo(smallestKept);
    }
  }
}
