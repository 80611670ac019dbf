package dev.lora4j.cli.report;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.llm.recipe.Versions;
import dev.lora4j.llm.task.score.Calibration;
import dev.lora4j.llm.task.score.TaskScore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * The report of an evaluation of a task's adapter.
 *
 * @param adapter the adapter's directory
 * @param task the task's name, such as {@code text-classification}
 * @param data the file and the number of its examples
 * @param calibration that of the adapter
 */
public record EvaluationReport(
    String adapter, String task, String data, TaskScore score, Calibration calibration) {

  /**
   * Writes the report as one HTML file that needs no other; replaces an older one.
   *
   * @throws UserError if the file is not writable
   */
  public void write(Path file) {
    AtomicFile.write(file, html().getBytes(StandardCharsets.UTF_8));
  }

  String html() {
    Map<String, String> figures = TaskFigures.of(score);
    Map.Entry<String, String> first = figures.entrySet().iterator().next();
    return Page.document(
        "%s: %s %s".formatted(adapter, first.getKey(), first.getValue()),
        header(first)
            + Page.section("Metrics", table(figures) + temperature())
            + ScoreSections.html(score)
            + Page.footer(Versions.all()));
  }

  private String header(Map.Entry<String, String> first) {
    return """
        <header>
        <p class="kicker">lora4j eval</p>
        <h1><span class="classes">%s</span><span class="spoken">: </span>
        <span class="big">%s</span>
        <span class="by">%s</span></h1>
        <p class="data">%s: %s</p>
        </header>
        """
        .formatted(
            Html.escape(adapter),
            Html.prose(first.getValue()),
            Html.escape(first.getKey()),
            Html.escape(task),
            Html.escape(data));
  }

  private static String table(Map<String, String> figures) {
    StringBuilder rows = new StringBuilder();
    figures.forEach(
        (name, figure) ->
            rows.append(
                "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n"
                    .formatted(Html.escape(name), Html.prose(figure))));
    return "<table class=\"counts\">\n<tbody>\n%s</tbody>\n</table>\n".formatted(rows);
  }

  private String temperature() {
    return calibration.examples() == 0
        ? ""
        : "<p>Probabilities are calibrated by the temperature %s, fitted to %,d examples after the training.</p>\n"
            .formatted(TaskFigures.number(calibration.temperature()), calibration.examples());
  }
}
