package dev.lora4j.models.hub;

/** Adds up over the files of one download. */
final class Tally {
  private final HubListener listener;
  private final long total;
  private final long kept;
  private long finished;

  Tally(HubListener listener, long total, long kept) {
    this.listener = listener;
    this.total = total;
    this.kept = kept;
  }

  /** So many bytes of this file are here. */
  void at(String file, long bytes) {
    long done = finished + bytes;
    listener.onArrival(new HubListener.Arrival(file, done, kept, Math.max(total, done)));
  }

  /** A file of so many bytes is here, by whomever it was fetched. */
  void finished(long bytes) {
    finished += bytes;
  }
}
