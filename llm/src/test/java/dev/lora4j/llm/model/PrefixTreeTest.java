package dev.lora4j.llm.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.CausalAttention.Text;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class PrefixTreeTest {

  private static PrefixTree of(int[]... sequences) {
    return PrefixTree.of(List.of(sequences));
  }

  private static int[] sequence(int... tokens) {
    return tokens;
  }

  /** For each branch, the places that its last token attends to. */
  private static List<long[]> paths(PrefixTree tree) {
    Tensor places = Ops.range(0, tree.size()).view(1, -1, 1, 1);
    return tree.paths(tree.split(places)).stream().map(Ops::longs).toList();
  }

  @Test
  void sequencesWithoutACommonPrefixAreABranchEach() {
    PrefixTree tree = of(sequence(1, 7, 7), sequence(2, 7), sequence(3));
    assertThat(tree.texts()).containsExactly(new Text(0, 3), new Text(0, 2), new Text(0, 1));
  }

  @Test
  void aBranchContinuesThePrefixOfEarlierOnes() {
    PrefixTree tree =
        of(
            sequence(1, 1, 2, 3, 3), // 0 1 (2 (3 4) (5 6)) (7 8), and 9
            sequence(1, 1, 2, 4, 4),
            sequence(1, 1, 5, 5),
            sequence(6));
    assertThat(tree.texts())
        .containsExactly(new Text(0, 5), new Text(3, 2), new Text(2, 2), new Text(0, 1));
    assertThat(tree.positions()).containsExactly(0, 1, 2, 3, 4, 3, 4, 2, 3, 0);
    try (PointerScope scope = new PointerScope()) {
      assertThat(paths(tree))
          .containsExactly(
              new long[] {0, 1, 2, 3, 4},
              new long[] {0, 1, 2, 5, 6},
              new long[] {0, 1, 7, 8},
              new long[] {9});
    }
  }

  @Test
  void aSequenceThatContinuesAWholeOneNeedsNoBranch() {
    PrefixTree tree = of(sequence(1, 2), sequence(1, 2, 3, 4), sequence(1, 2));
    assertThat(tree.texts()).containsExactly(new Text(0, 4));
    assertThat(tree.tokens()).containsExactly(1, 2, 3, 4);
    assertThat(tree.place(2, 1)).isEqualTo(1);
  }

  @Test
  void aLongSuffixGetsACopyOfItsShortPrefix() {
    int[] longer = new int[66];
    Arrays.fill(longer, 9);
    longer[0] = 1;
    assertThat(of(sequence(1), longer).texts()).containsExactly(new Text(0, 1), new Text(0, 66));
    assertThat(of(sequence(1), Arrays.copyOf(longer, 65)).texts()).containsExactly(new Text(0, 65));
  }

  @Test
  void everyTokenAttendsToItsSequenceUpToItself() {
    SplittableRandom random = new SplittableRandom(1);
    for (int trial = 0; trial < 300; trial++) {
      List<int[]> sequences =
          IntStream.range(0, 1 + random.nextInt(12))
              .mapToObj(i -> random.ints(1 + random.nextInt(8), 0, 3).toArray())
              .toList();
      PrefixTree tree = PrefixTree.of(sequences);
      try (PointerScope scope = new PointerScope()) {
        List<long[]> paths = paths(tree);
        for (int i = 0; i < sequences.size(); i++) {
          int sequence = i;
          int length = sequences.get(i).length;
          long[] places =
              IntStream.range(0, length).mapToLong(t -> tree.place(sequence, t)).toArray();
          assertThat(paths)
              .as("trial %d, sequence %d", trial, i)
              .anyMatch(path -> startsWith(path, places));
          for (int t = 0; t < length; t++) {
            assertThat(tree.tokens()[(int) places[t]]).isEqualTo(sequences.get(i)[t]);
            assertThat(tree.positions()[(int) places[t]]).isEqualTo(t);
          }
        }
      }
    }
  }

  private static boolean startsWith(long[] path, long... places) {
    return path.length >= places.length
        && Arrays.equals(path, 0, places.length, places, 0, places.length);
  }

  @Test
  void aLayoutOfOtherTokensIsRefused() {
    try (PointerScope scope = new PointerScope()) {
      Tensor ids = Ops.tensor(new long[] {1, 2, 3}).view(1, 3);
      assertThatThrownBy(() -> TokenBatch.packed(ids, ids, of(sequence(1, 2))))
          .isInstanceOf(UserError.class)
          .hasMessage("layout: expected 3 tokens, found 2");
    }
  }
}
