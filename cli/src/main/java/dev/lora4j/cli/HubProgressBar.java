package dev.lora4j.cli;

import dev.lora4j.models.hub.HubListener;
import org.jspecify.annotations.Nullable;

/**
 * Shows how a model comes from the Hub: nothing where it is here already, else one bar for all of
 * its files, which names the one that is on its way.
 *
 * <pre>{@code
 * try (HubProgressBar bar = new HubProgressBar()) {
 *   directory = ModelReference.of(given).resolve(Hub.fromEnvironment(), bar);
 * }
 * }</pre>
 */
final class HubProgressBar implements HubListener, AutoCloseable {
  private final Screen screen;
  private @Nullable Progress shown;
  private String file = "";
  private long done;

  /** On standard error. */
  HubProgressBar() {
    this(Screen.standardError());
  }

  HubProgressBar(Screen screen) {
    this.screen = screen;
  }

  @Override
  public void onArrival(Arrival arrival) {
    file = arrival.file();
    if (shown == null) {
      shown = new Progress(screen, "download", Unit.BYTES, arrival.total(), () -> file);
      shown.resumeFrom(Math.max(arrival.kept(), done));
    }
    done = arrival.done();
    shown.at(done);
  }

  /** Ends the bar's line first; it begins anew with the next piece. */
  @Override
  public void onNotice(String sentence) {
    close();
    shown = null;
    screen.out().println("lora: " + sentence);
  }

  @Override
  public void close() {
    if (shown != null) {
      file = ""; // the summary is of all
      shown.close();
    }
  }
}
