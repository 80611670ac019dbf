package dev.lora4j.models.hub;

import java.io.IOException;

/** The Hub could not be asked, however often it was tried; the message says why. */
final class Unreachable extends IOException {
  private static final long serialVersionUID = 1;

  Unreachable(String reason, Throwable cause) {
    super(reason, cause);
  }
}
