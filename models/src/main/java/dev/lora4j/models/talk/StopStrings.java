package dev.lora4j.models.talk;

import java.util.List;

/**
 * Ends a text where one of these strings begins. What may be the beginning of one is held back
 * until it is clear.
 */
final class StopStrings {
  private final List<String> stops;
  private String held = "";
  private boolean found;

  /**
   * @param stops none of them empty
   */
  StopStrings(List<String> stops) {
    this.stops = List.copyOf(stops);
  }

  /** Takes the next piece, and returns what is certainly before a stop. */
  String add(String piece) {
    String text = held + piece;
    int end = firstStop(text);
    found = end >= 0;
    if (!found) {
      end = text.length() - beginningAtEnd(text);
    }
    held = found ? "" : text.substring(end);
    return text.substring(0, end);
  }

  /** What was held back, once nothing follows. */
  String finish() {
    String rest = held;
    held = "";
    return rest;
  }

  /** Whether a stop has come. */
  boolean found() {
    return found;
  }

  private int firstStop(String text) {
    return stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
  }

  private int beginningAtEnd(String text) {
    int longest = 0;
    for (String stop : stops) {
      for (int length = Math.min(stop.length() - 1, text.length()); length > longest; length--) {
        if (text.endsWith(stop.substring(0, length))) {
          longest = length;
        }
      }
    }
    return longest;
  }
}
