package dev.lora4j.cli.report;

import java.nio.file.Path;
import java.util.List;

/** Writes a run's report into its directory: {@code report.html} and {@code loss.png}. */
public final class TuningReportWriter {
  private TuningReportWriter() {}

  /**
   * Writes it, over an older one.
   *
   * @return a warning for each picture that could not be drawn
   * @throws dev.lora4j.UserError if the directory can't be written to
   */
  public static List<String> write(Path directory, TuningReport report) {
    return ReportWriter.write(
            directory,
            new TuningPage(report).html(),
            List.of(new ReportWriter.Drawing("loss.png", () -> TuningPicture.png(report.curves()))))
        .warnings();
  }
}
