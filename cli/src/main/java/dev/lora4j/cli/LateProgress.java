package dev.lora4j.cli;

import org.jspecify.annotations.Nullable;

/** Progress in bytes that shows nothing until something is done: mistakes are told before that. */
final class LateProgress implements AutoCloseable {
  private final String label;
  private final long total;
  private @Nullable Progress progress;

  LateProgress(String label, long total) {
    this.label = label;
    this.total = total;
  }

  void add(long bytes) {
    if (progress == null) {
      progress = new Progress(Screen.standardError(), label, Unit.BYTES, total);
    }
    progress.add(bytes);
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
