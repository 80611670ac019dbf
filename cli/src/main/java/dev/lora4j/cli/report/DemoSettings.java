package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The options of {@code lora demo}, defaults included; they suffice to repeat a run. */
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
    classes = List.copyOf(classes);
  }

  /**
   * Returns the command that repeats the run in a POSIX shell: its name, and each option with its
   * value.
   */
  List<String> commandParts(List<String> tuned) {
    return List.of(
        "./lora demo",
        "--data " + quoted(data),
        "--epochs " + epochs,
        "--lora-epochs " + loraEpochs,
        "--batch-size " + batch,
        "--learning-rate " + NumberFormats.plain(learningRate),
        "--lora-lr " + NumberFormats.plain(loraLearningRate),
        "--rank " + rank,
        "--alpha " + NumberFormats.plain(alpha),
        "--classes " + quoted(String.join(",", tuned)),
        "--seed " + seed,
        "--workers " + workers,
        "--device " + device,
        "--out " + quoted(out.toString()));
  }

  private static String quoted(String word) {
    return NEEDS_NO_QUOTES.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
