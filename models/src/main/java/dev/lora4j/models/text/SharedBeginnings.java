package dev.lora4j.models.text;

import java.util.Arrays;
import java.util.List;

/**
 * Examples side by side, of which each beginning that several of them have stands once: trees,
 * written down from the root, each branch to its end before the next. Tokens mean the same to the
 * model there as in a row of their own, since none sees what follows it; so a prompt that has
 * several answers is read once (Wang and Hegde 2024, <a
 * href="https://arxiv.org/abs/2410.20305">arXiv:2410.20305</a>, §3).
 */
final class SharedBeginnings {
  private final int[] tokens;
  private final int[] positions;
  private final int[] ends;
  private final int[][] paths;
  private int length;

  private SharedBeginnings(int length, int examples) {
    tokens = new int[length];
    positions = new int[length];
    ends = new int[length];
    paths = new int[examples][];
  }

  static SharedBeginnings of(List<Example> examples) {
    CommonBeginnings all = new CommonBeginnings(examples);
    SharedBeginnings laid = new SharedBeginnings(all.length(), all.count());
    int[] before = {};
    for (int i = 0; i < all.count(); i++) {
      laid.close(before, all.common(i));
      before = laid.append(all.inOrder(i), Arrays.copyOf(before, all.common(i)));
      laid.paths[all.number(i)] = before;
    }
    laid.close(before, 0);
    return laid;
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

  /** How many examples there are. */
  int examples() {
    return paths.length;
  }

  /** The ids. */
  int[] tokens() {
    return tokens;
  }

  /** How many tokens of its example stand before each. */
  int[] positions() {
    return positions;
  }

  /** The place after the last that sees each. */
  int[] ends() {
    return ends;
  }

  /** Where an example's token stands. */
  int place(int example, int index) {
    return paths[example][index];
  }
}
