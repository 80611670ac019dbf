package dev.lora4j.io.download;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.Duration;

/** The failure of a server that may answer a later request. */
final class ServerBusy extends IOException {
  private static final long serialVersionUID = 1;
  private static final long MAX_SECONDS = 60;

  private final Duration pause;

  private ServerBusy(String message, Duration pause) {
    super(message);
    this.pause = pause;
  }

  static ServerBusy of(int status, HttpHeaders headers) {
    String after = headers.firstValue("Retry-After").orElse("");
    // The other form, a date, is rare; the usual pauses do then.
    long seconds = after.matches("\\d{1,9}") ? Long.parseLong(after) : 0;
    return new ServerBusy("HTTP " + status, Duration.ofSeconds(Math.min(seconds, MAX_SECONDS)));
  }

  static boolean is(int status) {
    return status >= 500 || status == 408 || status == 429;
  }

  /** Returns the pause that the server asks for; zero if it asks for none. */
  Duration pause() {
    return pause;
  }
}
