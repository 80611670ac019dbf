package dev.lora4j.cli.report;

import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What the demo was run with, defaults included: enough to run it again.
 *
 * @param data the value of {@code --data}
 * @param epochs how often the base saw each example
 * @param loraEpochs the same for fine-tuning
 * @param batch examples in a step
 * @param learningRate the base's
 * @param loraLearningRate fine-tuning's
 * @param rank columns of B, rows of A
 * @param alpha the update is scaled by {@code alpha / rank}
 * @param classes the fine-tuned classes' names; empty for the data's own choice
 * @param seed decides initial values and order
 * @param workers threads that shared each step
 * @param device where it ran
 * @param out directory of the report and the saved files
 */
public record DemoSettings(
    String data,
    int epochs,
    int loraEpochs,
    int batch,
    double learningRate,
    double loraLearningRate,
    int rank,
    double alpha,
    List<String> classes,
    long seed,
    int workers,
    String device,
    Path out) {
  private static final Pattern NEEDS_NO_QUOTES = Pattern.compile("[A-Za-z0-9_./:,=@%+-]+");

  public DemoSettings {
    atLeastOne("--epochs", epochs);
    atLeastOne("--lora-epochs", loraEpochs);
    atLeastOne("--batch-size", batch);
    atLeastOne("--rank", rank);
    atLeastOne("--workers", workers);
    positive("--learning-rate", learningRate);
    positive("--lora-lr", loraLearningRate);
    positive("--alpha", alpha);
    classes = List.copyOf(classes);
  }

  private static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw new UserError(option + " must be at least 1, found " + value);
    }
  }

  private static void positive(String option, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new UserError(option + " must be a number above 0, found " + value);
    }
  }

  /** The same with the classes that were chosen. */
  public DemoSettings withClasses(List<String> chosen) {
    return new DemoSettings(
        data,
        epochs,
        loraEpochs,
        batch,
        learningRate,
        loraLearningRate,
        rank,
        alpha,
        chosen,
        seed,
        workers,
        device,
        out);
  }

  /** The command that repeats the run, for a POSIX shell. */
  public String commandLine() {
    return String.join(" ", commandParts());
  }

  /** The command, and each option with its value. */
  List<String> commandParts() {
    return List.of(
        "./lora demo",
        "--data " + quoted(data),
        "--epochs " + epochs,
        "--lora-epochs " + loraEpochs,
        "--batch-size " + batch,
        "--learning-rate " + Numbers.plain(learningRate),
        "--lora-lr " + Numbers.plain(loraLearningRate),
        "--rank " + rank,
        "--alpha " + Numbers.plain(alpha),
        "--classes " + quoted(String.join(",", classes)),
        "--seed " + seed,
        "--workers " + workers,
        "--device " + device,
        "--out " + quoted(out.toString()));
  }

  private static String quoted(String word) {
    return NEEDS_NO_QUOTES.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
