package dev.lora4j.cli.report;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Writes a report into a directory: {@code report.html} and its charts as PNG files.
 *
 * <p>The page contains its charts and needs no other file. The PNG files need fonts; on a machine
 * without fonts they are omitted, with a warning, and the page is the same.
 */
public final class ReportWriter {
  private ReportWriter() {}

  /** The files written, with a warning for each picture that could not be drawn. */
  public record Written(Path page, List<Path> pictures, List<String> warnings) {}

  /**
   * Writes the report of a demo: {@code loss.png} and {@code accuracy.png}. Replaces an older one.
   *
   * @throws UserError if the directory is not writable
   */
  public static Written write(Path directory, DemoReport report) {
    ReportText text = new ReportText(report);
    return write(
        directory,
        report,
        List.of(
            new Drawing("loss.png", () -> LossChart.of(report, text).png()),
            new Drawing("accuracy.png", () -> new AccuracyChart(report).png())));
  }

  /**
   * Writes the report of a training run: {@code loss.png}. Replaces an older one.
   *
   * @throws UserError if the directory is not writable
   */
  public static Written write(Path directory, TuningReport report) {
    return write(
        directory,
        new TuningPage(report).html(),
        List.of(new Drawing("loss.png", () -> LossChart.of(report.curves()).png())));
  }

  /** The file name of a picture, and the code that draws it. */
  record Drawing(String file, Supplier<byte[]> png) {}

  static Written write(Path directory, DemoReport report, List<Drawing> drawings) {
    return write(directory, new DemoPage(report).html(), drawings);
  }

  static Written write(Path directory, String html, List<Drawing> drawings) {
    Path page = directory.resolve("report.html");
    AtomicFile.write(page, html.getBytes(StandardCharsets.UTF_8));
    List<Path> pictures = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (Drawing drawing : drawings) {
      Path file = directory.resolve(drawing.file());
      byte[] bytes;
      try {
        bytes = drawing.png().get();
      } catch (RuntimeException | Error e) {
        // Missing fonts or graphics surface as a plain Error, an InternalError or an exception.
        if (e instanceof OutOfMemoryError) {
          throw e;
        }
        warnings.add(warning(file, e));
        deleteOlder(file);
        continue;
      }
      AtomicFile.write(file, bytes);
      pictures.add(file);
    }
    return new Written(page, pictures, warnings);
  }

  private static String warning(Path file, Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return "%s was not drawn; are fontconfig and a font installed? %s"
        .formatted(file.getFileName(), cause);
  }

  /** Deletes the picture of an earlier run, which would contradict the page. */
  private static void deleteOlder(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UserError("cannot delete " + file + ", a picture of an earlier run: " + e, e);
    }
  }
}
