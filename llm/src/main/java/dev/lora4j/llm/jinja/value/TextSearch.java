package dev.lora4j.llm.jinja.value;

/** Searches for a text in a text; each comparison of two characters is charged to the budget. */
public final class TextSearch {
  private TextSearch() {}

  /** Returns the first index from {@code from} on, or −1; an empty text is found at once. */
  public static int indexOf(String text, String wanted, int from, Budget budget) {
    int size = wanted.length();
    if (size == 0) {
      return from;
    }
    int at = text.indexOf(wanted.charAt(0), from);
    while (at >= 0 && at <= text.length() - size) {
      if (isAt(text, wanted, at, budget)) {
        budget.chars(at - from);
        return at;
      }
      at = text.indexOf(wanted.charAt(0), at + 1);
    }
    budget.chars(text.length() - from);
    return -1;
  }

  /** Returns the last index up to {@code from}, or −1. */
  public static int lastIndexOf(String text, String wanted, int from, Budget budget) {
    int at = Math.min(from, text.length() - wanted.length());
    budget.chars(Math.max(0, from));
    while (at >= 0 && !isAt(text, wanted, at, budget)) {
      at--;
    }
    return Math.max(at, -1);
  }

  private static boolean isAt(String text, String wanted, int at, Budget budget) {
    int same = 0;
    while (same < wanted.length() && text.charAt(at + same) == wanted.charAt(same)) {
      same++;
    }
    budget.chars(same);
    return same == wanted.length();
  }

  /** Returns the number of occurrences, none overlapping another; 0 of the empty text. */
  public static long count(String text, String wanted, Budget budget) {
    long count = 0;
    int at = wanted.isEmpty() ? -1 : indexOf(text, wanted, 0, budget);
    while (at >= 0) {
      count++;
      at = indexOf(text, wanted, at + wanted.length(), budget);
    }
    return count;
  }
}
