package dev.lora4j.models.text;

import java.util.ArrayList;
import java.util.List;

/** Examples in the order of their tokens, and how much each has in common with the one before. */
final class CommonBeginnings {
  private final List<Example> examples;
  private final int[] common;

  CommonBeginnings(List<Example> unsorted) {
    examples = unsorted.stream().sorted(Example.BY_TOKENS).toList();
    common = new int[examples.size()];
    for (int i = 1; i < common.length; i++) {
      common[i] = examples.get(i).commonBeginning(examples.get(i - 1));
    }
  }

  /** How many tokens are in their row, where what several begin with stands once. */
  int length() {
    int length = 0;
    for (int i = 0; i < common.length; i++) {
      length += examples.get(i).length() - common[i];
    }
    return length;
  }

  /**
   * Those that are read in less work side by side in a row than each in its own: what they have in
   * common is read once, but of a row like that all pairs of tokens are computed, and masked.
   *
   * @param pairs how many pairs of tokens cost as much as all else that is done for a token
   */
  List<List<Example>> families(long pairs) {
    List<List<Example>> families = new ArrayList<>();
    long length = 0; // of the last family's row
    for (int i = 0; i < common.length; i++) {
      List<Example> last = families.isEmpty() ? List.of() : families.get(families.size() - 1);
      long own = examples.get(i).length();
      long together = length + own - common[i];
      long apart = (last.size() == 1 ? 1 : 2) * length * length + own * own;
      boolean pays = !last.isEmpty() && common[i] * pairs > 2 * together * together - apart;
      if (!pays) {
        last = new ArrayList<>();
        families.add(last);
      }
      last.add(examples.get(i));
      length = pays ? together : own;
    }
    return families;
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
      Example example = examples.get(i);
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
