package dev.lora4j.io.download;

import dev.lora4j.UserError;
import java.io.IOException;

/**
 * The failure of a server that could not be reached after all attempts; the message names the
 * cause.
 */
public final class HostUnreachable extends IOException {
  private static final long serialVersionUID = 1;

  HostUnreachable(String reason, Throwable cause) {
    super(reason, cause);
  }

  /** Returns the error of a download that can be resumed later. */
  public UserError cannotDownload(String name) {
    return new UserError(
        "cannot download %s: %s; run it again to resume where it stopped"
            .formatted(name, getMessage()),
        this);
  }
}
