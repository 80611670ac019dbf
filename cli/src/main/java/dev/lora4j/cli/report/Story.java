package dev.lora4j.cli.report;

import java.util.List;

/** What the numbers say, in sentences that hold for these numbers. */
final class Story {
  private static final int NAMES_SPELLED_OUT = 4;
  // Beyond this a merged network's outputs differ by more than rounding explains.
  private static final double ROUNDING = 1e-3;

  private final DemoReport report;

  Story(DemoReport report) {
    this.report = report;
  }

  double tunedBefore() {
    return DemoReport.mean(report.before(), report.fineTuned());
  }

  double tunedAfter() {
    return DemoReport.mean(report.after(), report.fineTuned());
  }

  /** {@code bird, cat, dog: 41.2 % → 62.9 % by training 3,272 of 78,110 numbers (4.2 %)}. */
  String headline() {
    return "%s: %s → %s by %s"
        .formatted(
            shortNames(),
            Numbers.percent(tunedBefore()),
            Numbers.percent(tunedAfter()),
            training());
  }

  String shortNames() {
    return names(report.fineTuned(), ", ");
  }

  String training() {
    return "training %s of %s numbers (%s)"
        .formatted(
            Numbers.count(report.parametersAfter().trainable()),
            Numbers.count(report.parametersAfter().total()),
            trainedShare());
  }

  /** {@code 4.2 %}, with more digits where it is very little. */
  String trainedShare() {
    double percent = report.parametersAfter().percentTrainable();
    return Numbers.format(
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

  /** What happened to the accuracy over all classes, and why. */
  String whyOverall() {
    String change =
        "from %s to %s"
            .formatted(
                Numbers.percent(report.before().all()), Numbers.percent(report.after().all()));
    if (report.others().isEmpty()) {
      return "All classes were fine-tuned, so there was none to forget: accuracy over all of them"
          + " went %s.".formatted(change);
    }
    if (!forgets()) {
      return ("Accuracy over all classes went %s although fine-tuning saw only images of %s. Train"
              + " longer on so few classes and it will fall: nothing in their images rewards any"
              + " other answer.")
          .formatted(change, tunedNames());
    }
    return ("Accuracy over all classes fell %s, and that is expected. Fine-tuning saw only images"
            + " of %s. No image rewarded any other answer, so the adapter learnt to lean towards"
            + " these, and the other classes went from %s to %s. This is called catastrophic"
            + " forgetting; any training on these images alone invites it. Who needs all classes"
            + " mixes some of their images into the fine-tuning data.")
        .formatted(
            change,
            tunedNames(),
            Numbers.percent(DemoReport.mean(report.before(), report.others())),
            Numbers.percent(DemoReport.mean(report.after(), report.others())));
  }

  boolean mergesExactly() {
    return report.mergedDifference() <= ROUNDING;
  }

  String merging() {
    String difference = Numbers.tiny(report.mergedDifference());
    return mergesExactly()
        ? "Merged into the base’s weights, the adapter gives the same outputs: the largest"
            + " difference is "
            + difference
            + ", which is rounding."
        : "Merged into the base’s weights, the adapter gives other outputs: the largest difference"
            + " is "
            + difference
            + ", more than rounding explains. This is a fault, please report it.";
  }

  String restoring() {
    return report.baseRestored()
        ? "Adapter off, and the base is back: every output is the same, bit for bit. Its %s numbers"
                .formatted(Numbers.count(report.parametersBefore().total()))
            + " were frozen and never written to."
        : "Adapter off, the outputs are not the base’s: this is a fault, please report it.";
  }
}
