package dev.lora4j.cli.report;

import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import java.awt.AWTError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
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
            new Picture("loss.png", () -> PngCharts.loss(report, story)),
            new Picture("accuracy.png", () -> PngCharts.accuracy(report))));
  }

  /** A file name, and how its bytes are drawn. */
  record Picture(String file, Supplier<byte[]> drawing) {}

  static Written write(Path directory, DemoReport report, List<Picture> drawings) {
    Path page = directory.resolve("report.html");
    save(page, new ReportPage(report).html().getBytes(StandardCharsets.UTF_8));
    List<Path> pictures = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (Picture picture : drawings) {
      byte[] bytes;
      try {
        bytes = picture.drawing().get();
      } catch (RuntimeException | InternalError | LinkageError | AWTError e) {
        // What Java throws where there are no fonts, and where its graphics are not installed.
        warnings.add(warning(picture, e));
        continue;
      }
      Path file = directory.resolve(picture.file());
      save(file, bytes);
      pictures.add(file);
    }
    return new Written(page, pictures, warnings);
  }

  private static String warning(Picture picture, Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return "%s was not drawn; are there fonts on this machine (fontconfig and one font)? %s"
        .formatted(picture.file(), cause);
  }

  private static void save(Path file, byte[] bytes) {
    AtomicFile.write(file, out -> writeAll(out, bytes));
  }

  private static void writeAll(WritableByteChannel out, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
  }
}
