package dev.lora4j.llm.hub;

/** The total progress over the files of one snapshot. */
final class SnapshotProgress {
  private final HubListener listener;
  private final long total;
  private final long resumed;
  private long finished;

  SnapshotProgress(HubListener listener, long total, long resumed) {
    this.listener = listener;
    this.total = total;
    this.resumed = resumed;
  }

  /** Reports the bytes of a file so far. */
  void at(String file, long bytes) {
    long done = finished + bytes;
    listener.onArrival(new HubListener.Arrival(file, done, resumed, Math.max(total, done)));
  }

  /** Counts a complete file, regardless of the process that downloaded it. */
  void finished(long bytes) {
    finished += bytes;
  }
}
