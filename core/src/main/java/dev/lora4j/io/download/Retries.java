package dev.lora4j.io.download;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import javax.net.ssl.SSLException;

/** Retries with exponential back-off: counts consecutive failures and gives up at the limit. */
public final class Retries {
  /** An operation that may fail once and succeed later. */
  @FunctionalInterface
  public interface Attempt<T> {
    T run() throws IOException;
  }

  private final Download.Limits limits;
  private int failures;

  Retries(Download.Limits limits) {
    this.limits = limits;
  }

  public static <T> T run(Download.Limits limits, Attempt<T> attempt) throws HostUnreachable {
    Retries retries = new Retries(limits);
    while (true) {
      try {
        return attempt.run();
      } catch (IOException e) {
        retries.failed(e);
      }
    }
  }

  /** Starts counting again after progress. */
  void progressed() {
    failures = 0;
  }

  /** Waits before the next attempt, or throws if there is none. */
  void failed(IOException e) throws HostUnreachable {
    failures++;
    if (e instanceof UnknownHostException) {
      throw new HostUnreachable(
          "no address found for " + e.getMessage() + "; is there a network?", e);
    }
    // A name that does not fit a certificate stays wrong; a connection cut within TLS does not.
    if (e instanceof SSLException && failures > 1) {
      throw new HostUnreachable("no secure connection: " + e.getMessage(), e);
    }
    if (failures >= limits.tries() || Thread.currentThread().isInterrupted()) {
      throw new HostUnreachable(reason(e) + (failures > 1 ? ", " + failures + " times" : ""), e);
    }
    Duration usual = limits.backOff().multipliedBy(1L << Math.min(failures - 1, 10));
    Duration requested = e instanceof ServerBusy busy ? busy.pause() : Duration.ZERO;
    pause(requested.compareTo(usual) > 0 ? requested : usual);
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
