package dev.lora4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class PackingLawsTest {
  private static final int WIDTH = 40;
  private static final SpecialTokens SPECIAL =
      new SpecialTokens(
          Map.of(), OptionalInt.empty(), OptionalInt.of(7), OptionalInt.empty(), Set.of(7));

  /** Examples whose first token tells them apart, with the token that pads among the others. */
  @Provide
  Arbitrary<List<Example>> examples() {
    return Arbitraries.integers()
        .between(1, WIDTH)
        .list()
        .ofMinSize(1)
        .ofMaxSize(60)
        .map(
            lengths ->
                IntStream.range(0, lengths.size())
                    .mapToObj(i -> example(1000 + i, lengths.get(i)))
                    .toList());
  }

  private static Example example(int first, int length) {
    int[] tokens = new int[length];
    boolean[] loss = new boolean[length];
    for (int i = 0; i < length; i++) {
      tokens[i] = i == 0 ? first : 7 + i % 3;
      loss[i] = i % 2 == first % 2;
    }
    return Example.of(tokens, loss);
  }

  @Property(tries = 200)
  void everyExampleStandsWholeInExactlyOnePlace(
      @ForAll("examples") List<Example> examples,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 5) int rowsInStep,
      @ForAll @IntRange(min = 1, max = 4) int workers,
      @ForAll boolean packed) {
    TextSteps steps =
        packed
            ? TextSteps.packed(examples, WIDTH, rowsInStep, seed)
            : TextSteps.padded(examples, rowsInStep, seed);
    List<Example> found = new ArrayList<>();
    for (TextStep step : steps.epoch(3)) {
      int learned = 0;
      for (PackedBatch batch : step.dealt(workers, SPECIAL)) {
        assertThat(batch.width() % 16).isZero();
        learned += batch.lossTokens();
        found.addAll(unpacked(batch));
      }
      assertThat(learned).isEqualTo(step.lossTokens());
    }
    Comparator<Example> byFirst = Comparator.comparingInt(e -> e.token(0));
    assertThat(found.stream().sorted(byFirst).toList())
        .isEqualTo(examples.stream().sorted(byFirst).toList());
  }

  /** Reads the examples back, by segments; checks positions and padding on the way. */
  private static List<Example> unpacked(PackedBatch batch) {
    List<Example> found = new ArrayList<>();
    for (int row = 0; row < batch.rows(); row++) {
      int from = row * batch.width();
      int end = from + batch.width();
      int segment = 1;
      while (from < end && batch.segments()[from] != PackedBatch.PADDING) {
        assertThat(batch.segments()[from]).isEqualTo(segment);
        int to = from;
        while (to < end && batch.segments()[to] == segment) {
          assertThat(batch.positions()[to]).isEqualTo(to - from);
          to++;
        }
        found.add(
            Example.of(
                Arrays.copyOfRange(batch.tokens(), from, to),
                Arrays.copyOfRange(batch.loss(), from, to)));
        from = to;
        segment++;
      }
      for (int i = from; i < end; i++) {
        assertThat(batch.segments()[i]).isEqualTo(PackedBatch.PADDING);
        assertThat(batch.loss()[i]).isFalse();
        assertThat(batch.tokens()[i]).isEqualTo(7);
      }
    }
    return found;
  }

  @Property(tries = 100)
  void theSameSeedGivesTheSameSteps(@ForAll("examples") List<Example> examples, @ForAll long seed) {
    assertThat(TextSteps.packed(examples, WIDTH, 2, seed).epoch(1))
        .isEqualTo(TextSteps.packed(examples, WIDTH, 2, seed).epoch(1));
    assertThat(TextSteps.padded(examples, 2, seed).epoch(1))
        .isEqualTo(TextSteps.padded(examples, 2, seed).epoch(1));
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
    List<List<Integer>> dealt = Deal.byCost(given, workers);
    assertThat(dealt).hasSize(workers);
    assertThat(dealt.stream().flatMap(List::stream).sorted().toList())
        .isEqualTo(IntStream.range(0, given.length).boxed().toList());
    long[] loads =
        dealt.stream().mapToLong(share -> share.stream().mapToLong(i -> given[i]).sum()).toArray();
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
    Split<Integer> split = Split.of(indices, valid, seed);
    assertThat(split.valid()).hasSize(valid).isSorted().doesNotContainAnyElementsOf(split.train());
    assertThat(split.train()).isSorted();
    List<Integer> both = new ArrayList<>(split.train());
    both.addAll(split.valid());
    assertThat(both).containsExactlyInAnyOrderElementsOf(indices);
    assertThat(Split.of(indices, valid, seed)).isEqualTo(split);
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
        IntStream.range(0, 50).mapToObj(i -> example(1000 + i, 1 + i % WIDTH)).toList();
    TextSteps steps = TextSteps.packed(examples, WIDTH, 2, 0);
    assertThat(steps.epoch(0)).isNotEqualTo(steps.epoch(1));
  }

  @net.jqwik.api.Example
  void nothingIsHeldBackFromTooFew() {
    assertThatThrownBy(() -> Split.of(List.of(1, 2), 2, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot hold back 2 of 2");
  }
}
