package dev.lora4j.llm.hub;

/** Receives the progress of a download on its thread, and should return quickly. */
public interface HubListener {
  /** Ignores all events. */
  HubListener SILENT = new HubListener() {};

  /**
   * The progress of a download.
   *
   * @param file the current file
   * @param done the bytes present of all files that were missing at the start
   * @param resumed the part of {@code done} that an earlier, interrupted download left
   * @param total the bytes of all those files; it grows if the Hub does not report a size
   */
  record Arrival(String file, long done, long resumed, long total) {}

  /** Called after each block of data; never if nothing was missing. */
  default void onArrival(Arrival arrival) {}

  /** Called with a sentence that the user should read; the download continues. */
  default void onNotice(String sentence) {}
}
