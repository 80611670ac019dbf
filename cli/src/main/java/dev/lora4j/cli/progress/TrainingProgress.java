package dev.lora4j.cli.progress;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.Screen;
import dev.lora4j.train.TrainingCallback;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The progress bar of a training run, with the running mean of the loss. A language model's run
 * also shows its speed, and a line for each evaluation.
 *
 * <pre>{@code
 * try (TrainingProgress progress = new TrainingProgress("base")) {
 *   trainer.callback(progress).fit(data);
 * }
 * }</pre>
 *
 * <p>Closing ends the line even if the training failed.
 */
public final class TrainingProgress implements TrainingCallback, AutoCloseable {
  private static final long RECENT_STEPS = 100;
  private static final long RECENT_UNEVEN_STEPS = 20;

  private final Screen screen;
  private final String label;
  private @Nullable Progress shown;
  private long total;
  private long done;
  private long seen;
  private double loss;
  private double tokens;
  private double seconds;

  /** Shows progress on standard error. */
  public TrainingProgress(String label) {
    this(Screen.standardError(), label);
  }

  TrainingProgress(Screen screen, String label) {
    this.screen = screen;
    this.label = label;
  }

  @Override
  public void onStart(long steps, long done) {
    total = steps;
    this.done = done;
    seen = 0;
    shown = null;
    if (done > 0) {
      screen.out().println("Resuming after step " + NumberFormats.count(done));
    }
  }

  @Override
  public void onStep(Step step) {
    boolean ofTexts = step.tokens() > 0;
    if (shown == null) {
      Unit unit = ofTexts ? Unit.UNEVEN_STEPS : Unit.STEPS;
      shown = new Progress(screen, label, unit, total, this::detail);
      shown.resumeFrom(done);
      shown.beganAgo(step.duration());
    }
    seen++;
    double weight = 1.0 / Math.min(seen, ofTexts ? RECENT_UNEVEN_STEPS : RECENT_STEPS);
    loss += weight * (step.loss() - loss);
    if (ofTexts) {
      tokens += weight * (step.tokens() - tokens);
      seconds += weight * (NumberFormats.seconds(step.duration()) - seconds);
    }
    done = step.number();
    shown.at(done);
  }

  @Override
  public void onEnd() {
    close();
  }

  private String detail() {
    String mean = String.format(Locale.ROOT, "loss %.3f", loss);
    return seconds > 0 ? mean + "  " + NumberFormats.rate(tokens / seconds) + " tokens/s" : mean;
  }

  /** On a terminal, ends the line of the bar; the bar is redrawn with the next step. */
  @Override
  public void onEvaluation(Evaluation evaluation) {
    if (screen.terminal()) {
      close();
      shown = null;
    }
    screen
        .out()
        .printf(
            Locale.ROOT,
            "step %,d: validation loss %.4f%s%n",
            evaluation.step(),
            evaluation.loss(),
            evaluation.best() ? " (best)" : "");
  }

  @Override
  public void close() {
    if (shown != null) {
      shown.close();
    }
  }
}
