package dev.lora4j.cli.report;

import dev.lora4j.llm.recipe.TaskRun;
import dev.lora4j.llm.task.score.Calibration;
import dev.lora4j.llm.task.score.TaskScore;
import java.util.Map;

/** The part of a training report with a task's validation score. */
record TaskSection(TaskRun.Result result) {
  String html() {
    if (result.after().isEmpty()) {
      return Page.section(
          "Validation examples", "<p>No examples were held out, so nothing was measured.</p>\n");
    }
    TaskScore after = result.after().get();
    return Page.section("Validation examples", figures(after) + baseline() + calibration())
        + ScoreSections.html(after);
  }

  private String figures(TaskScore after) {
    Map<String, String> before = result.before().map(TaskFigures::of).orElse(Map.of());
    StringBuilder rows = new StringBuilder();
    TaskFigures.of(after)
        .forEach(
            (name, figure) ->
                rows.append(
                    "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n"
                        .formatted(
                            Html.escape(name),
                            Html.escape(before.getOrDefault(name, "–")),
                            Html.escape(figure))));
    return """
        <table class="counts">
        <thead><tr><td></td><th scope="col">untrained</th><th scope="col">with the adapter</th></tr></thead>
        <tbody>
        %s</tbody>
        </table>
        """
        .formatted(rows);
  }

  private String baseline() {
    return result.baseline().isPresent()
        ? "<p>Accuracy of the nearest class mean of the frozen base's vectors: %s.</p>\n"
            .formatted(TaskFigures.percent(result.baseline().getAsDouble()))
        : "";
  }

  private String calibration() {
    Calibration fitted = result.calibration();
    return fitted.examples() == 0
        ? ""
        : "<p>Probabilities are calibrated by the temperature %s: expected calibration error %s → %s on %,d examples.</p>\n"
            .formatted(
                TaskFigures.number(fitted.temperature()),
                TaskFigures.number(fitted.errorBefore()),
                TaskFigures.number(fitted.errorAfter()),
                fitted.examples());
  }
}
