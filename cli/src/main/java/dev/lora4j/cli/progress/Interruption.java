package dev.lora4j.cli.progress;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Reports the complete files of a run when Ctrl-C ends it. */
public final class Interruption implements AutoCloseable {
  private final List<Object> saved = new ArrayList<>();
  private final Thread onExit;

  public Interruption() {
    this("");
  }

  /**
   * Reports on standard error.
   *
   * @param advice how to continue with the saved files
   */
  public Interruption(String advice) {
    onExit = new Thread(() -> report(System.err, advice));
    Runtime.getRuntime().addShutdownHook(onExit);
  }

  private synchronized void report(PrintStream err, String advice) {
    err.println();
    err.println(
        saved.isEmpty()
            ? "lora: interrupted before the first checkpoint; nothing was saved"
            : "lora: interrupted; saved so far: " + named() + advice);
  }

  private String named() {
    return saved.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  /** Adds a complete file or directory. */
  public synchronized void saved(Object what) {
    if (!saved.contains(what)) {
      saved.add(what);
    }
  }

  /** Replaces the earlier files by a complete file or directory. */
  public synchronized void savedInstead(Object what) {
    saved.clear();
    saved.add(what);
  }

  /** Stops watching for Ctrl-C: the run has finished. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(onExit);
    } catch (IllegalStateException e) {
      return; // the process is exiting and has reported
    }
  }
}
