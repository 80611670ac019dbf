package dev.lora4j.cli.progress;

import dev.lora4j.cli.show.Screen;
import dev.lora4j.io.download.Download;
import dev.lora4j.llm.hub.HubListener;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The progress bar of a download, which appears with the first bytes. A model from the Hub has one
 * bar for all of its files, which names the current file.
 */
public final class DownloadProgress implements HubListener, Download.Progress, AutoCloseable {
  private final Screen screen;
  private @Nullable Progress shown;
  private String file = "";
  private long done;

  /** Shows progress on standard error. */
  public DownloadProgress() {
    this(Screen.standardError());
  }

  DownloadProgress(Screen screen) {
    this.screen = screen;
  }

  @Override
  public void at(long bytes, OptionalLong total) {
    show(bytes, bytes, total.orElse(0));
  }

  @Override
  public void onArrival(Arrival arrival) {
    file = arrival.file();
    show(arrival.done(), Math.max(arrival.resumed(), done), arrival.total());
    done = arrival.done();
  }

  private void show(long bytes, long before, long total) {
    if (shown == null) {
      shown = new Progress(screen, "download", Unit.BYTES, total, () -> file);
      shown.resumeFrom(before);
    }
    shown.at(bytes);
  }

  /** Ends the line of the bar; the bar is redrawn with the next bytes. */
  @Override
  public void onNotice(String sentence) {
    close();
    shown = null;
    screen.out().println("lora: " + sentence);
  }

  @Override
  public void close() {
    if (shown != null) {
      file = ""; // the summary covers all files
      shown.close();
    }
  }
}
