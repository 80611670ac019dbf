package dev.lora4j.cli.report;

import dev.lora4j.llm.task.score.CalibrationBin;
import dev.lora4j.llm.task.score.ClassScore;
import dev.lora4j.llm.task.score.ClassificationScore;
import dev.lora4j.llm.task.score.NumberScore;
import dev.lora4j.llm.task.score.PredictedNumber;
import dev.lora4j.llm.task.score.TaskScore;
import dev.lora4j.llm.task.score.WordScore;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** The sections of a report with the classes, the confusion matrix and the pictures of a score. */
final class ScoreSections {
  private static final int MAX_CLASSES = 30;
  private static final int AXIS_STEPS = 5;

  private ScoreSections() {}

  /** The sections that apply to a score; empty if none does. */
  static String html(TaskScore score) {
    return classes(TaskFigures.classes(score))
        + confusion(score).map(ScoreSections::confusion).orElse("")
        + picture(score);
  }

  private static String classes(List<ClassScore> classes) {
    if (classes.isEmpty()) {
      return "";
    }
    StringBuilder rows = new StringBuilder();
    classes.forEach(
        one ->
            rows.append(
                "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%,d</td></tr>\n"
                    .formatted(
                        Html.escape(one.name()),
                        TaskFigures.number(one.precision()),
                        TaskFigures.number(one.recall()),
                        TaskFigures.number(one.f1()),
                        one.support())));
    return Page.section(
        "Classes",
        """
        <table>
        <thead><tr><td></td><th scope="col">precision</th><th scope="col">recall</th>\
        <th scope="col">F1</th><th scope="col">examples</th></tr></thead>
        <tbody>
        %s</tbody>
        </table>
        """
            .formatted(rows));
  }

  /** The reliability diagram of a classification, or the predictions of numbers. */
  private static String picture(TaskScore score) {
    if (score instanceof ClassificationScore classes && !classes.bins().isEmpty()) {
      double most = classes.bins().stream().mapToLong(CalibrationBin::examples).max().orElse(1);
      List<DiagonalChart.Dot> dots =
          classes.bins().stream()
              .map(
                  bin ->
                      new DiagonalChart.Dot(
                          bin.confidence(), bin.accuracy(), bin.examples() / most))
              .toList();
      Ticks axis = new Ticks(1, 0.2);
      String caption = "accuracy over confidence; the larger a dot, the more examples";
      return Page.section(
          "Calibration", new DiagonalChart("Reliability", caption, axis, dots).html());
    }
    if (score instanceof NumberScore numbers && !numbers.sample().isEmpty()) {
      return Page.section("Predictions", scatter(numbers.sample()));
    }
    return "";
  }

  private static String scatter(List<PredictedNumber> sample) {
    DoubleSummaryStatistics range =
        sample.stream()
            .flatMapToDouble(one -> DoubleStream.of(one.target(), one.predicted()))
            .summaryStatistics();
    double step = Ticks.roundUp(Math.max(range.getMax() - range.getMin(), 1e-6), AXIS_STEPS).step();
    Ticks axis =
        new Ticks(
            step * Math.floor(range.getMin() / step),
            step * Math.ceil(range.getMax() / step + 1e-9),
            step);
    List<DiagonalChart.Dot> dots =
        sample.stream()
            .map(one -> new DiagonalChart.Dot(one.target(), one.predicted(), 0))
            .toList();
    return new DiagonalChart("Predictions", "predicted numbers over the examples' own", axis, dots)
        .html();
  }

  private static Optional<ClassificationScore> confusion(TaskScore score) {
    Optional<ClassificationScore> classes =
        score instanceof ClassificationScore own
            ? Optional.of(own)
            : score instanceof WordScore words ? Optional.of(words.words()) : Optional.empty();
    return classes.filter(found -> found.classes().size() <= MAX_CLASSES);
  }

  private static String confusion(ClassificationScore score) {
    StringBuilder table = new StringBuilder("<table>\n<thead><tr><td></td>");
    score
        .classes()
        .forEach(
            one -> table.append("<th scope=\"col\">%s</th>".formatted(Html.escape(one.name()))));
    table.append("</tr></thead>\n<tbody>\n");
    for (int target = 0; target < score.confusion().size(); target++) {
      List<Long> row = score.confusion().get(target);
      ClassScore own = score.classes().get(target);
      table.append("<tr><th scope=\"row\">%s</th>".formatted(Html.escape(own.name())));
      for (long count : row) {
        double share = own.support() == 0 ? 0 : (double) count / own.support();
        table.append(
            "<td style=\"background:color-mix(in srgb, currentColor %s, transparent)\">%,d</td>"
                .formatted(Html.css(share / 3), count));
      }
      table.append("</tr>\n");
    }
    table.append("</tbody>\n</table>\n");
    return Page.section(
        "Confusion matrix",
        "<p>Rows are the examples' classes, columns the predicted ones.</p>\n" + table);
  }
}
