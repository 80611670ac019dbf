package dev.lora4j.cli;

import dev.lora4j.cli.report.Numbers;
import dev.lora4j.train.TrainingCallback;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Shows how far a run has come: the mean loss and the speed of its last steps, and a line for each
 * evaluation. Closing it ends the line.
 */
final class TuningBar implements TrainingCallback, AutoCloseable {
  private static final double RECENT_STEPS = 20;

  private final Screen screen;
  private @Nullable Progress shown;
  private long total;
  private long done;
  private long seen;
  private double loss;
  private double tokens;
  private double seconds;

  /** On standard error. */
  TuningBar() {
    this(Screen.standardError());
  }

  TuningBar(Screen screen) {
    this.screen = screen;
  }

  @Override
  public void onStart(long steps, long done) {
    total = steps;
    this.done = done;
    if (done > 0) {
      screen.out().println("Going on after step " + Numbers.count(done));
    }
  }

  @Override
  public void onStep(Step step) {
    if (shown == null) {
      shown = new Progress(screen, "LoRA", Unit.UNEVEN_STEPS, total, this::detail);
      shown.resumeFrom(done);
      shown.beganAgo(step.duration());
    }
    seen++;
    double weight = 1 / Math.min(seen, RECENT_STEPS);
    loss += weight * (step.loss() - loss);
    tokens += weight * (step.tokens() - tokens);
    seconds += weight * (Numbers.seconds(step.duration()) - seconds);
    done = step.number();
    shown.at(done);
  }

  private String detail() {
    return String.format(
        Locale.ROOT, "loss %.3f  %s tokens/s", loss, Numbers.rate(tokens / seconds));
  }

  @Override
  public void onEvaluation(Evaluation evaluation) {
    say(
        Numbers.count(evaluation.step())
            + " steps: loss of what was held back "
            + String.format(Locale.ROOT, "%.4f", evaluation.loss())
            + (evaluation.best() ? ", the best so far" : ""));
  }

  /** On a terminal ends the bar's line first; it begins anew with the next step. */
  private void say(String sentence) {
    if (screen.terminal()) {
      close();
      shown = null;
    }
    screen.out().println(sentence);
  }

  @Override
  public void close() {
    if (shown != null) {
      shown.close();
    }
  }
}
