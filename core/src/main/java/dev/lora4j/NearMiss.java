package dev.lora4j;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Suggestions of valid names for a mistyped one, for error messages. */
public final class NearMiss {
  private static final int SHOWN = 3;

  private NearMiss() {}

  /** Returns {@code "; did you mean q_proj?"} if a valid name is near, else all valid names. */
  public static String hint(String given, Collection<String> valid) {
    String suggestion = suggestion(given, valid);
    return suggestion.isEmpty() && !valid.isEmpty()
        ? "; valid: " + String.join(", ", valid)
        : suggestion;
  }

  /** Returns {@code "; did you mean q_proj?"} if a valid name is near, else nothing. */
  public static String suggestion(String given, Collection<String> valid) {
    List<String> near = nearest(given, valid);
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }

  /** Returns the valid names within a third of the given name's length in edits, nearest first. */
  public static List<String> nearest(String given, Collection<String> valid) {
    int limit = Math.max(2, given.length() / 3);
    record Candidate(String name, int distance) {}
    List<Candidate> near = new ArrayList<>();
    for (String name : valid) {
      if (Math.abs(given.length() - name.length()) > limit) {
        continue; // so many edits at least
      }
      int distance = edits(given, name);
      if (distance <= limit && distance < name.length()) {
        near.add(new Candidate(name, distance));
      }
    }
    near.sort(Comparator.comparingInt(Candidate::distance));
    return near.stream().limit(SHOWN).map(Candidate::name).toList();
  }

  private static int edits(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j < previous.length; j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitution = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(substitution, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
