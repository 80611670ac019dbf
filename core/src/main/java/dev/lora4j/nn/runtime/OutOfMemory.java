package dev.lora4j.nn.runtime;

import java.util.List;

/** Recognises failures to allocate memory, in the Java heap or in native code. */
public final class OutOfMemory {
  private static final List<String> SIGNS =
      List.of(
          "can't allocate memory", // libtorch on Linux and macOS
          "not enough memory: you tried to allocate", // libtorch on Windows
          "out of memory",
          "bad_alloc",
          "Cannot allocate memory");

  private OutOfMemory() {}

  /** Returns whether memory ran out, by the error or one of its causes. */
  public static boolean isIn(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      String message = String.valueOf(e.getMessage());
      if (e instanceof OutOfMemoryError || SIGNS.stream().anyMatch(message::contains)) {
        return true;
      }
    }
    return false;
  }
}
