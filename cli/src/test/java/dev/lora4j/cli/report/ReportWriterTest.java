package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.UserError;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ReportWriterTest {
  private static final String HOSTILE = "<script>alert('a&b')</script>\u0001\"";
  private final Path dir;

  ReportWriterTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @BeforeAll
  static void headless() {
    System.setProperty("java.awt.headless", "true");
  }

  private String page(DemoReport report) throws IOException {
    return Files.readString(ReportWriter.write(dir, report).page());
  }

  @Test
  void demoReportHasAPageAndTwoPictures() throws IOException {
    ReportWriter.Written written = ReportWriter.write(dir.resolve("new"), Reports.cifar10());

    assertThat(written.page()).isEqualTo(dir.resolve("new/report.html")).isNotEmptyFile();
    assertThat(written.warnings()).isEmpty();
    assertThat(written.pictures())
        .containsExactly(dir.resolve("new/loss.png"), dir.resolve("new/accuracy.png"));
    for (Path picture : written.pictures()) {
      BufferedImage image = ImageIO.read(picture.toFile());
      assertThat(image.getWidth()).isEqualTo(1640);
      assertThat(image.getHeight()).isEqualTo(880);
      assertThat(Files.size(picture)).isBetween(10_000L, 200_000L);
      assertThat(colours(image)).as("colours of " + picture).contains(0x0072b2, 0xd55e00);
    }
  }

  private static List<Integer> colours(BufferedImage image) {
    int[] pixels =
        image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    return IntStream.of(pixels).map(pixel -> pixel & 0xffffff).distinct().boxed().toList();
  }

  @Test
  void sameReportGivesTheSameFile() throws IOException {
    String first = page(Reports.cifar10());

    assertThat(page(Reports.cifar10())).isEqualTo(first);
  }

  static Stream<DemoReport> reports() {
    List<String> many = IntStream.range(0, 200).mapToObj(i -> "a rather long class " + i).toList();
    return Stream.of(
        Reports.cifar10(),
        Reports.of(HOSTILE, List.of(HOSTILE, "cat"), List.of(HOSTILE)),
        Reports.of("many", many, many.subList(3, 9)),
        Reports.of("all", Reports.CLASSES, Reports.CLASSES),
        Reports.broken(),
        Reports.withoutCurves());
  }

  @ParameterizedTest
  @MethodSource("reports")
  void everyPageIsWellFormedAndSelfContained(DemoReport report) throws Exception {
    String page = page(report);

    assertThat(page).startsWith("<!DOCTYPE html>");
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(page.substring("<!DOCTYPE html>".length()))));
    assertThat(document.getElementsByTagName("h1").getLength()).isOne();
    assertThat(document.getElementsByTagName("section").getLength()).isEqualTo(6);
    assertThat(document.getElementsByTagName("script").getLength()).isZero();
    assertThat(page).doesNotContain("http:", "https:", "src=", "href=", "url(", "@import", "NaN");
    assertThat(page.length()).isLessThan(200_000);
  }

  @Test
  void foreignNamesAreEscaped() throws IOException {
    String page = page(Reports.of(HOSTILE, List.of(HOSTILE, "cat"), List.of(HOSTILE)));

    assertThat(page)
        .doesNotContain("<script", "\u0001")
        .contains("&lt;script&gt;alert(&#39;a&amp;b&#39;)&lt;/script&gt;");
  }

  @Test
  void pageShowsTheResult() throws IOException {
    assertThat(page(Reports.cifar10()))
        .contains(
            "<title>bird, cat, dog: 41.2 % → 62.9 % by training 3,272 of 78,110 parameters (4.2 %)<",
            "+21.7 points",
            "14.2 kB",
            "catastrophic forgetting",
            "bit for bit",
            "1.9e-6",
            "<span>--classes bird,cat,dog</span>",
            "fc3.bias of size torch.Size([10]) -&gt; untrainable",
            "prefers-color-scheme: dark");
  }

  @Test
  void pictureOfManyClassesHasABoundedWidth() throws IOException {
    List<String> many = IntStream.range(0, 500).mapToObj(i -> "class " + i).toList();
    ReportWriter.write(dir, Reports.of("many", many, many.subList(0, 2)));

    BufferedImage image = ImageIO.read(dir.resolve("accuracy.png").toFile());
    assertThat(image.getWidth()).isLessThan(6_000);
  }

  // ---- failures ----

  @Test
  void missingFontsOmitThePicturesWithAWarning() throws IOException {
    Files.writeString(dir.resolve("loss.png"), "of an earlier run", StandardCharsets.UTF_8);
    RuntimeException cause = new RuntimeException("Fontconfig head is null");
    ReportWriter.Written written =
        ReportWriter.write(
            dir,
            Reports.cifar10(),
            List.of(
                new ReportWriter.Drawing(
                    "loss.png",
                    () -> {
                      throw new InternalError(cause);
                    }),
                new ReportWriter.Drawing(
                    "accuracy.png",
                    () -> {
                      throw new Error("Probable fatal error: No physical fonts found.");
                    })));

    assertThat(written.page()).isNotEmptyFile();
    assertThat(written.pictures()).isEmpty();
    assertThat(dir.resolve("loss.png")).doesNotExist();
    assertThat(written.warnings()).hasSize(2);
    assertThat(written.warnings().get(0))
        .startsWith("loss.png was not drawn; are fontconfig and a font installed?")
        .contains("Fontconfig head is null");
  }

  @Test
  void directoryThatCannotBeCreatedIsRefused() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "in the way", StandardCharsets.UTF_8);

    assertThatThrownBy(() -> ReportWriter.write(file.resolve("report"), Reports.cifar10()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("report.html");
  }
}
