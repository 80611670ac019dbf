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
 * Writes a report into a directory: {@code report.html}, {@code loss.png} and {@code accuracy.png}.
 *
 * <p>The page draws its own pictures and needs nothing but itself. The PNG files need fonts; on a
 * machine without any they are left out, with a warning, and the report is otherwise the same.
 */
public final class ReportWriter {
  private ReportWriter() {}

  /**
   * What was written.
   *
   * @param page the report
   * @param pictures the PNG files
   * @param warnings one for each picture that could not be drawn
   */
  public record Written(Path page, List<Path> pictures, List<String> warnings) {

    public Written {
      pictures = List.copyOf(pictures);
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * Writes it, over an older one.
   *
   * @throws UserError if the directory can't be written to
   */
  public static Written write(Path directory, DemoReport report) {
    Story story = new Story(report);
    return write(
        directory,
        report,
        List.of(
            new Drawing("loss.png", () -> LossPicture.png(report, story)),
            new Drawing("accuracy.png", () -> AccuracyPicture.png(report))));
  }

  /** A file name, and how its bytes are drawn. */
  record Drawing(String file, Supplier<byte[]> png) {}

  static Written write(Path directory, DemoReport report, List<Drawing> drawings) {
    return write(directory, new ReportPage(report).html(), drawings);
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
        // Where fonts or graphics are missing, Java throws a plain Error, an InternalError, or an
        // exception: it depends on what is missing.
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
    return "%s was not drawn; are there fonts on this machine (fontconfig and one font)? %s"
        .formatted(file.getFileName(), cause);
  }

  /** An earlier run's picture would tell of other numbers than the page. */
  private static void deleteOlder(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UserError("cannot delete " + file + ", a picture of an earlier run: " + e, e);
    }
  }
}
