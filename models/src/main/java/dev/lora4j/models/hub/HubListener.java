package dev.lora4j.models.hub;

/** Is told how far a download is. Called by the thread that fetches; it should return quickly. */
public interface HubListener {
  /** Wants to know nothing. */
  HubListener SILENT = new HubListener() {};

  /**
   * How far it is.
   *
   * @param file the one that is being fetched
   * @param done bytes of all files that are here, of those that were not at the start
   * @param kept how many of them an earlier, broken download had left
   * @param total bytes to come to; more only where the Hub does not say how large a file is
   */
  record Arrival(String file, long done, long kept, long total) {}

  /** After each piece that arrived; never called where everything is here already. */
  default void onArrival(Arrival arrival) {}

  /** Something that the user should know, though it goes on: a sentence. */
  default void onNotice(String sentence) {}
}
