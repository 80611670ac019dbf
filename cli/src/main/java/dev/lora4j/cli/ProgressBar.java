package dev.lora4j.cli;

import dev.lora4j.train.TrainingCallback;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Shows a training's progress, and the mean loss of its last hundred steps or so.
 *
 * <pre>{@code
 * try (ProgressBar bar = new ProgressBar("base")) {
 *   trainer.listener(bar).fit(data);
 * }
 * }</pre>
 *
 * <p>Closing it ends the line also where the training did not come to its end.
 */
final class ProgressBar implements TrainingCallback, AutoCloseable {
  private static final long RECENT_STEPS = 100;

  private final Screen screen;
  private final String label;
  private @Nullable Progress progress;
  private double recentLoss;

  /** On standard error. */
  ProgressBar(String label) {
    this(Screen.standardError(), label);
  }

  ProgressBar(Screen screen, String label) {
    this.screen = screen;
    this.label = label;
  }

  @Override
  public void onStart(long steps, long done) {
    recentLoss = Double.NaN;
    progress = new Progress(screen, label, Unit.STEPS, steps, this::detail);
  }

  @Override
  public void onStep(Step step) {
    if (progress == null) {
      return;
    }
    recentLoss =
        step.number() == 1
            ? step.loss()
            : recentLoss + (step.loss() - recentLoss) / Math.min(step.number(), RECENT_STEPS);
    progress.at(step.number());
  }

  private String detail() {
    return Double.isNaN(recentLoss) ? "" : String.format(Locale.ROOT, "loss %.3f", recentLoss);
  }

  @Override
  public void onEnd() {
    close();
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
