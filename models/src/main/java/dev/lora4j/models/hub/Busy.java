package dev.lora4j.models.hub;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.Duration;

/** A server that may well answer later. */
final class Busy extends IOException {
  private static final long serialVersionUID = 1;
  private static final long LONGEST_SECONDS = 60;

  private final Duration pause;

  private Busy(String message, Duration pause) {
    super(message);
    this.pause = pause;
  }

  static Busy of(int status, HttpHeaders headers) {
    String after = headers.firstValue("Retry-After").orElse("");
    // The other form, a date, is rare, and the usual pauses do then.
    long seconds = after.matches("\\d{1,9}") ? Long.parseLong(after) : 0;
    return new Busy("HTTP " + status, Duration.ofSeconds(Math.min(seconds, LONGEST_SECONDS)));
  }

  static boolean is(int status) {
    return status >= 500 || status == 408 || status == 429;
  }

  /** How long the server wants to be left alone; zero where it does not say. */
  Duration pause() {
    return pause;
  }
}
