package dev.lora4j.models.text;

import dev.lora4j.row.CostModel;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Examples in the order of their tokens, and how much each has in common with the one before: the
 * tokens that are read once for both (Wang and Hegde 2024, <a
 * href="https://arxiv.org/abs/2410.20305">arXiv:2410.20305</a>, §3).
 */
final class CommonBeginnings {
  private final List<Example> examples;
  private final int[] order;
  private final int[] common;

  CommonBeginnings(List<Example> examples) {
    this.examples = examples;
    order =
        IntStream.range(0, examples.size())
            .boxed()
            .sorted(
                (one, other) -> Example.BY_TOKENS.compare(examples.get(one), examples.get(other)))
            .mapToInt(Integer::intValue)
            .toArray();
    common = new int[order.length];
    for (int i = 1; i < common.length; i++) {
      common[i] = common(inOrder(i), inOrder(i - 1));
    }
  }

  private static int common(Example example, Example before) {
    int common = example.commonBeginning(before);
    return example.length() > (long) CostModel.SHARED_PREFIX_MAX_RATIO * common + common
        ? 0
        : common;
  }

  /** How many examples there are. */
  int count() {
    return order.length;
  }

  /** Which of the examples comes at a place of the order. */
  int number(int place) {
    return order[place];
  }

  /** The example at a place of the order. */
  Example inOrder(int place) {
    return examples.get(order[place]);
  }

  /** How many tokens the example at a place has in common with the one before it. */
  int common(int place) {
    return common[place];
  }

  /** How many tokens are read. */
  int length() {
    int length = 0;
    for (int i = 0; i < common.length; i++) {
      length += inOrder(i).length() - common[i];
    }
    return length;
  }

  /** At most so many shares of neighbours, of which the longest is as short as can be. */
  List<List<Example>> dealt(int shares) {
    long least = 0;
    long enough = examples.stream().mapToLong(Example::length).sum();
    while (least < enough) {
      long limit = (least + enough) / 2;
      if (fits(limit) && dealtUpTo(limit).size() <= shares) {
        enough = limit;
      } else {
        least = limit + 1;
      }
    }
    return dealtUpTo(enough);
  }

  private boolean fits(long limit) {
    return examples.stream().allMatch(example -> example.length() <= limit);
  }

  private List<List<Example>> dealtUpTo(long limit) {
    List<List<Example>> shares = new ArrayList<>();
    long length = 0; // of the last share
    for (int i = 0; i < common.length; i++) {
      Example example = inOrder(i);
      boolean opens = shares.isEmpty() || length + example.length() - common[i] > limit;
      if (opens) {
        shares.add(new ArrayList<>());
      }
      shares.get(shares.size() - 1).add(example);
      length = opens ? example.length() : length + example.length() - common[i];
    }
    return shares;
  }
}
