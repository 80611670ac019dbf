package dev.lora4j.models.hub;

import dev.lora4j.io.Download;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import javax.net.ssl.SSLException;

/** Counts failures in a row, waits between them, and says when it is enough. */
final class Retries {
  /** What may fail and then go well. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws IOException;
  }

  private final Download.Limits limits;
  private int failures;

  Retries(Download.Limits limits) {
    this.limits = limits;
  }

  /** Tries until it goes well. */
  static <T> T run(Download.Limits limits, Attempt<T> attempt) throws Unreachable {
    Retries retries = new Retries(limits);
    while (true) {
      try {
        return attempt.run();
      } catch (IOException e) {
        retries.failed(e);
      }
    }
  }

  /** Something arrived, so the count begins again. */
  void progressed() {
    failures = 0;
  }

  /** Waits, or throws if it has failed often enough or will never go well. */
  void failed(IOException e) throws Unreachable {
    failures++;
    if (e instanceof UnknownHostException) {
      throw new Unreachable("no address found for " + e.getMessage(), e);
    }
    // A name that does not fit a certificate stays so; a connection cut within TLS does not.
    if (e instanceof SSLException && failures > 1) {
      throw new Unreachable("no secure connection: " + e.getMessage(), e);
    }
    if (failures >= limits.tries() || Thread.currentThread().isInterrupted()) {
      throw new Unreachable(reason(e) + ", " + failures + " times", e);
    }
    Duration usual = limits.backOff().multipliedBy(1L << Math.min(failures - 1, 10));
    Duration asked = e instanceof Busy busy ? busy.pause() : Duration.ZERO;
    pause(asked.compareTo(usual) > 0 ? asked : usual);
  }

  private static String reason(IOException e) {
    if (e instanceof HttpConnectTimeoutException) {
      return "no connection within the time limit";
    }
    if (e instanceof ConnectException) {
      return "no connection";
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
