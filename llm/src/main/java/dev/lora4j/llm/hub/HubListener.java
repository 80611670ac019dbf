package dev.lora4j.llm.hub;

/** Receives the progress of a download on its thread, and should return quickly. */
public interface HubListener {
  /** Ignores all events. */
  HubListener SILENT = new HubListener() {};

  /**
   * The progress of a download, in bytes of the files that were missing at its start, some of them
   * resumed; the total grows if the Hub does not report a size.
   */
  record Arrival(String file, long done, long resumed, long total) {}

  /** Called after each block of data; never if nothing was missing. */
  default void onArrival(Arrival arrival) {}

  /** Called with a sentence that the user should read; the download goes on. */
  default void onNotice(String sentence) {}
}
