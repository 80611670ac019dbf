package dev.lora4j.models.text;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Examples side by side in a row, in which each beginning that several of them have stands once: a
 * tree, written down from the root, each branch to its end before the next. Tokens mean the same to
 * the model there as in a row of their own, since none sees what follows it; so a prompt that has
 * several answers is read once (Wang and Hegde 2024, <a
 * href="https://arxiv.org/abs/2410.20305">arXiv:2410.20305</a>, §3).
 */
final class SharedBeginnings {
  private final int[] tokens;
  private final int[] positions;
  private final int[] ends;
  private final int[][] paths;
  private int length;

  private SharedBeginnings(List<Example> examples) {
    int most = examples.stream().mapToInt(Example::length).sum();
    tokens = new int[most];
    positions = new int[most];
    ends = new int[most];
    paths = new int[examples.size()][];
  }

  static SharedBeginnings of(List<Example> examples) {
    SharedBeginnings row = new SharedBeginnings(examples);
    Integer[] order = new Integer[examples.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparing(examples::get, Example.BY_TOKENS));
    int[] before = {};
    for (int i = 0; i < order.length; i++) {
      Example example = examples.get(order[i]);
      int common = i == 0 ? 0 : example.commonBeginning(examples.get(order[i - 1]));
      row.close(before, common);
      before = row.append(example, Arrays.copyOf(before, common));
      row.paths[order[i]] = before;
    }
    row.close(before, 0);
    return row;
  }

  /** What comes now does not see a path's tokens from that place in it on. */
  private void close(int[] path, int from) {
    for (int i = from; i < path.length; i++) {
      ends[path[i]] = length;
    }
  }

  private int[] append(Example example, int... beginning) {
    int[] path = Arrays.copyOf(beginning, example.length());
    for (int i = beginning.length; i < path.length; i++) {
      tokens[length] = example.token(i);
      positions[length] = i;
      path[i] = length++;
    }
    return path;
  }

  /** How many tokens there are. */
  int length() {
    return length;
  }

  /** The id at a place. */
  int token(int place) {
    return tokens[place];
  }

  /** How many tokens of its example stand before it. */
  int position(int place) {
    return positions[place];
  }

  /** The place after the last that sees it. */
  int end(int place) {
    return ends[place];
  }

  /** Where an example's token stands. */
  int place(int example, int index) {
    return paths[example][index];
  }
}
