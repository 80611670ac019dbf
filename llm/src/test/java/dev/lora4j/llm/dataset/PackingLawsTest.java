package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.llm.model.PrefixTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class PackingLawsTest {
  private static final int WIDTH = 40;

  /** Examples that often share a prefix. */
  @Provide
  Arbitrary<List<Example>> examples() {
    Arbitrary<Integer> lengths = Arbitraries.integers().between(1, WIDTH);
    Arbitrary<Integer> places = Arbitraries.integers().between(0, WIDTH);
    return Combinators.combine(lengths, places, Arbitraries.integers().between(0, 3))
        .as(PackingLawsTest::example)
        .list()
        .ofMinSize(1)
        .ofMaxSize(60);
  }

  private static Example example(int length, int different, int by) {
    int[] tokens = new int[length];
    boolean[] loss = new boolean[length];
    for (int i = 0; i < length; i++) {
      tokens[i] = 7 + i % 3 + (i >= different ? by : 0);
      loss[i] = i % 2 == by % 2;
    }
    return Example.of(tokens, loss);
  }

  @Property(tries = 200)
  void everyPredictionIsMadeFromWhatComesBeforeItInItsExample(
      @ForAll("examples") List<Example> examples,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 5) int rowsInStep,
      @ForAll @IntRange(min = 1, max = 4) int workers,
      @ForAll boolean packed) {
    BatchSampler steps =
        packed
            ? BatchSampler.packed(examples, WIDTH, rowsInStep, seed)
            : BatchSampler.byLength(examples, rowsInStep, seed);
    List<List<Integer>> found = new ArrayList<>();
    for (GlobalBatch step : steps.epoch(3)) {
      int learned = 0;
      for (MicroBatch batch : step.shard(workers)) {
        learned += batch.numLossTokens();
        found.addAll(predictions(batch));
      }
      assertThat(learned).isEqualTo(step.lossTokens());
    }
    assertThat(found)
        .containsExactlyInAnyOrderElementsOf(
            examples.stream().flatMap(PackingLawsTest::predictions).toList());
  }

  /** The prefixes of an example that end with a loss token. */
  private static Stream<List<Integer>> predictions(Example example) {
    List<Integer> tokens = Arrays.stream(example.tokens()).boxed().toList();
    return IntStream.range(0, example.length())
        .filter(example::carriesLoss)
        .mapToObj(i -> tokens.subList(0, i + 1));
  }

  /** The same from a micro-batch; checks tokens and position ids on the way. */
  private static List<List<Integer>> predictions(MicroBatch batch) {
    PrefixTree layout = batch.layout();
    assertThat(layout.tokens()).hasSize(batch.rows() * batch.width());
    List<List<Integer>> found = new ArrayList<>();
    for (int n = 0; n < batch.numLossTokens(); n++) {
      int owner = batch.owners()[n];
      int length = layout.positions()[batch.lossPositions()[n]] + 1;
      List<Integer> seen = new ArrayList<>();
      for (int i = 0; i < length; i++) {
        int place = layout.place(owner, i); // the attention follows it: see PrefixTreeTest
        assertThat(layout.positions()[place]).isEqualTo(i);
        seen.add(layout.tokens()[place]);
      }
      assertThat(layout.place(owner, length - 1)).isEqualTo(batch.lossPositions()[n]);
      seen.add(batch.targets()[n]);
      found.add(seen);
    }
    return found;
  }

  @Property(tries = 200)
  void aSharedPrefixIsLaidOutOnce(@ForAll("examples") List<Example> examples) {
    Set<List<Integer>> prefixes = new HashSet<>();
    for (Example example : examples) {
      List<Integer> tokens = Arrays.stream(example.tokens()).boxed().toList();
      IntStream.rangeClosed(1, tokens.size()).forEach(i -> prefixes.add(tokens.subList(0, i)));
    }
    assertThat(MicroBatch.layout(examples).tokens()).hasSize(prefixes.size());
  }

  private static int length(List<Example> row) {
    return MicroBatch.layout(row).size();
  }

  @Property(tries = 200)
  void sequencesWithCommonPrefixesAreDividedIntoRuns(
      @ForAll("examples") List<Example> examples, @ForAll @IntRange(min = 1, max = 4) int workers) {
    List<List<Example>> shards =
        LoadBalancer.byPrefix(MicroBatch.layout(examples), workers).stream()
            .map(share -> share.stream().map(examples::get).toList())
            .toList();
    assertThat(shards).hasSizeLessThanOrEqualTo(workers).noneMatch(List::isEmpty);
    assertThat(shards.stream().flatMap(List::stream).toList())
        .containsExactlyInAnyOrderElementsOf(examples);
    int longest = shards.stream().mapToInt(PackingLawsTest::length).max().orElse(0);
    int whole = length(examples);
    assertThat(longest).isBetween((whole + workers - 1) / workers, whole);
  }

  @Property(tries = 100)
  void theSameSeedGivesTheSameSteps(@ForAll("examples") List<Example> examples, @ForAll long seed) {
    assertThat(BatchSampler.packed(examples, WIDTH, 2, seed).epoch(1))
        .isEqualTo(BatchSampler.packed(examples, WIDTH, 2, seed).epoch(1));
    assertThat(BatchSampler.byLength(examples, 2, seed).epoch(1))
        .isEqualTo(BatchSampler.byLength(examples, 2, seed).epoch(1));
  }

  @Property(tries = 200)
  void rowsAreFilledWell(
      @ForAll @Size(min = 1, max = 100) List<@IntRange(min = 1, max = WIDTH) Integer> lengths) {
    int[] given = lengths.stream().mapToInt(Integer::intValue).toArray();
    List<List<Integer>> rows = RowPacking.pack(given, WIDTH);
    assertThat(rows)
        .allMatch(row -> row.stream().mapToInt(i -> given[i]).sum() <= WIDTH)
        .satisfies(
            all ->
                assertThat(all.stream().flatMap(List::stream).sorted().toList())
                    .isEqualTo(IntStream.range(0, given.length).boxed().toList()));
    long underHalf =
        rows.stream()
            .filter(row -> row.stream().mapToInt(i -> given[i]).sum() <= WIDTH / 2)
            .count();
    assertThat(underHalf).as("two half-empty rows would have been one").isLessThanOrEqualTo(1);
  }

  @Property(tries = 200)
  void workIsDealtEvenly(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(min = 1, max = 1000) Integer> costs,
      @ForAll @IntRange(min = 1, max = 8) int workers) {
    long[] given = costs.stream().mapToLong(Integer::longValue).toArray();
    List<List<Integer>> shards = LoadBalancer.byCost(given, workers);
    assertThat(shards).hasSize(workers);
    assertThat(shards.stream().flatMap(List::stream).sorted().toList())
        .isEqualTo(IntStream.range(0, given.length).boxed().toList());
    long[] loads =
        shards.stream().mapToLong(share -> share.stream().mapToLong(i -> given[i]).sum()).toArray();
    long greatest = Arrays.stream(given).max().orElseThrow();
    long most = Arrays.stream(loads).max().orElseThrow();
    long least = Arrays.stream(loads).min().orElseThrow();
    assertThat(most - least).isLessThanOrEqualTo(greatest);
  }

  @Property(tries = 200)
  void aSplitIsAPartition(
      @ForAll @Size(min = 1, max = 50) List<Integer> all, @ForAll long seed, @ForAll int some) {
    int valid = Math.floorMod(some, all.size());
    List<Integer> indices = IntStream.range(0, all.size()).boxed().toList();
    TrainValidationSplit<Integer> split = TrainValidationSplit.of(indices, valid, seed);
    assertThat(split.valid()).hasSize(valid).isSorted().doesNotContainAnyElementsOf(split.train());
    assertThat(split.train()).isSorted();
    List<Integer> both = new ArrayList<>(split.train());
    both.addAll(split.valid());
    assertThat(both).containsExactlyInAnyOrderElementsOf(indices);
    assertThat(TrainValidationSplit.of(indices, valid, seed)).isEqualTo(split);
  }

  @net.jqwik.api.Example
  void anExampleLongerThanARowIsRefused() {
    assertThatThrownBy(() -> RowPacking.pack(new int[] {WIDTH + 1}, WIDTH))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("41 tokens in rows of 40");
  }

  @net.jqwik.api.Example
  void epochsDiffer() {
    List<Example> examples =
        IntStream.range(0, 50).mapToObj(i -> example(1 + i % WIDTH, 0, 100 + i)).toList();
    BatchSampler steps = BatchSampler.packed(examples, WIDTH, 2, 0);
    assertThat(steps.epoch(0)).isNotEqualTo(steps.epoch(1));
  }

  @net.jqwik.api.Example
  void nothingIsHeldBackFromTooFew() {
    assertThatThrownBy(() -> TrainValidationSplit.of(List.of(1, 2), 2, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot hold out 2 of 2");
  }
}
