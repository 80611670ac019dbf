package dev.lora4j.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Says, when Ctrl-C ends a run, what of its work is safe on the disk. */
final class Interruption implements AutoCloseable {
  private final List<Object> saved = new ArrayList<>();
  private final Thread onExit;

  Interruption(PrintStream err) {
    this(err, "");
  }

  /**
   * @param advice what to do with what is saved
   */
  Interruption(PrintStream err, String advice) {
    onExit = new Thread(() -> tell(err, advice));
    Runtime.getRuntime().addShutdownHook(onExit);
  }

  private synchronized void tell(PrintStream err, String advice) {
    err.println();
    err.println(
        saved.isEmpty()
            ? "lora: interrupted before the first checkpoint; nothing was saved"
            : "lora: interrupted; saved so far: " + named() + advice);
  }

  private String named() {
    return saved.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  /** Remembers a file or directory that is whole on the disk. */
  synchronized void saved(Object what) {
    if (!saved.contains(what)) {
      saved.add(what);
    }
  }

  /** Remembers a file or directory that takes the place of those before it. */
  synchronized void savedInstead(Object what) {
    saved.clear();
    saved.add(what);
  }

  /** The run came to its own end. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(onExit);
    } catch (IllegalStateException e) {
      return; // the process is ending already, and has told
    }
  }
}
