package dev.lora4j.llm.chat;

import java.util.List;

/** Ends a streamed text where a stop string begins; text that may begin one is buffered. */
final class StopStrings {
  private final List<String> stops;
  private String buffer = "";
  private boolean found;

  StopStrings(List<String> stops) {
    this.stops = List.copyOf(stops);
  }

  /** Adds a piece of text and returns the text that cannot be part of a stop string. */
  String add(String piece) {
    String text = buffer + piece;
    int end = firstStop(text);
    found = end >= 0;
    if (!found) {
      end = text.length() - partialStopLength(text);
    }
    buffer = found ? "" : text.substring(end);
    return text.substring(0, end);
  }

  /** Returns the buffered text at the end of the stream. */
  String finish() {
    String rest = buffer;
    buffer = "";
    return rest;
  }

  /** Returns whether a stop string has occurred. */
  boolean found() {
    return found;
  }

  private int firstStop(String text) {
    return stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
  }

  private int partialStopLength(String text) {
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
