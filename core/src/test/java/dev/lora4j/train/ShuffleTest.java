package dev.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class ShuffleTest {

  @Property(tries = 200)
  void orderIsAPermutationDeterminedBySeedAndEpoch(
      @ForAll @IntRange(max = 2000) int size,
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 1000) int epoch) {
    long[] order = Shuffle.order(size, seed, epoch);

    assertThat(LongStream.of(order).sorted())
        .containsExactlyElementsOf(() -> LongStream.range(0, size).iterator());
    assertThat(Shuffle.order(size, seed, epoch)).isEqualTo(order);
  }

  /** Forty examples have so many orders that two of them never agree by chance. */
  @Property(tries = 200)
  void otherSeedOrEpochGivesAnotherOrder(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 1000) int epoch) {
    long[] order = Shuffle.order(40, seed, epoch);

    assertThat(Shuffle.order(40, seed + 1, epoch)).isNotEqualTo(order);
    assertThat(Shuffle.order(40, seed, epoch + 1)).isNotEqualTo(order);
  }

  /** Counts each example's positions over many seeds: within a fifth of an even share. */
  @Property(tries = 1)
  void everyPositionIsEquallyLikely() {
    int[][] landed = new int[4][4];
    for (int seed = 0; seed < 4000; seed++) {
      long[] order = Shuffle.order(4, seed, 1);
      for (int place = 0; place < 4; place++) {
        landed[(int) order[place]][place]++;
      }
    }
    for (int[] places : landed) {
      for (int count : places) {
        assertThat(count).isBetween(800, 1200);
      }
    }
  }
}
