package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import java.util.List;

/** The sentences of a demo report, chosen by the measurements. */
final class ReportText {
  private static final int NAMES_SPELLED_OUT = 4;
  // A larger difference between merged and active adapter is not explained by rounding.
  private static final double ROUNDING = 1e-3;

  private final DemoReport report;

  ReportText(DemoReport report) {
    this.report = report;
  }

  double tunedBefore() {
    return DemoReport.mean(report.before(), report.fineTuned());
  }

  double tunedAfter() {
    return DemoReport.mean(report.after(), report.fineTuned());
  }

  /** {@code bird, cat, dog: 41.2 % → 62.9 % by training 3,272 of 78,110 parameters (4.2 %)}. */
  String headline() {
    return "%s: %s → %s by %s"
        .formatted(
            shortNames(),
            NumberFormats.percent(tunedBefore()),
            NumberFormats.percent(tunedAfter()),
            training());
  }

  String shortNames() {
    return names(report.fineTuned(), ", ");
  }

  String training() {
    return "training %s of %s parameters (%s)"
        .formatted(
            NumberFormats.count(report.parametersAfter().trainable()),
            NumberFormats.count(report.parametersAfter().total()),
            trainedShare());
  }

  /** {@code 4.2 %}, with more digits for small shares. */
  String trainedShare() {
    double percent = report.parametersAfter().percentTrainable();
    return NumberFormats.format(
        percent >= 1 ? "%.1f %%" : percent >= 0.01 ? "%.2f %%" : "%.4f %%", percent);
  }

  /** {@code bird, cat and dog}. */
  String tunedNames() {
    List<String> names = report.fineTuned();
    if (names.size() < 2 || names.size() > NAMES_SPELLED_OUT) {
      return names(names, ", ");
    }
    return String.join(", ", names.subList(0, names.size() - 1))
        + " and "
        + names.get(names.size() - 1);
  }

  private static String names(List<String> names, String separator) {
    if (names.size() <= NAMES_SPELLED_OUT) {
      return String.join(separator, names);
    }
    int shown = NAMES_SPELLED_OUT - 1;
    return String.join(separator, names.subList(0, shown))
        + " and "
        + (names.size() - shown)
        + " more";
  }

  boolean forgets() {
    return !report.others().isEmpty() && report.after().all() < report.before().all();
  }

  /** Explains the change of the accuracy over all classes. */
  String whyOverall() {
    String change =
        "from %s to %s"
            .formatted(
                NumberFormats.percent(report.before().all()),
                NumberFormats.percent(report.after().all()));
    if (report.others().isEmpty()) {
      return "All classes were fine-tuned, so there was none to forget: accuracy over all classes"
          + " changed %s.".formatted(change);
    }
    if (!forgets()) {
      return ("Accuracy over all classes rose %s although fine-tuning saw only images of %s. With"
              + " longer training on so few classes it will fall: their images reward no other"
              + " answer.")
          .formatted(change, tunedNames());
    }
    return ("Accuracy over all classes fell %s, as expected. Fine-tuning saw only images of %s. No"
            + " image rewarded any other answer, so the adapter learned to favour these classes,"
            + " and accuracy on the others went from %s to %s. This is catastrophic forgetting. To"
            + " keep the other classes, mix some of their images into the fine-tuning data.")
        .formatted(
            change,
            tunedNames(),
            NumberFormats.percent(DemoReport.mean(report.before(), report.others())),
            NumberFormats.percent(DemoReport.mean(report.after(), report.others())));
  }

  boolean mergesExactly() {
    return report.mergedDifference() <= ROUNDING;
  }

  String merging() {
    String difference = NumberFormats.tiny(report.mergedDifference());
    return mergesExactly()
        ? "Merging the adapter into the weights of the base preserves the outputs: the largest"
            + " difference is "
            + difference
            + ", due to rounding."
        : "Merging the adapter into the weights of the base changes the outputs: the largest"
            + " difference is "
            + difference
            + ", more than rounding explains. This is a bug; please report it.";
  }

  String restoring() {
    return report.baseRestored()
        ? "With the adapter disabled, every output equals that of the base, bit for bit: its %s"
                .formatted(NumberFormats.count(report.parametersBefore().total()))
            + " parameters were frozen."
        : "With the adapter disabled, the outputs differ from those of the base. This is a bug;"
            + " please report it.";
  }
}
