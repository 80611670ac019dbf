package dev.lora4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The report and the server's page are in different artifacts, and look alike. */
class PageColorsTest {
  private static final Path REPORT = Path.of("src/main/resources/dev/lora4j/cli/report/report.css");
  private static final Path PAGE =
      Path.of("../serve/src/main/resources/dev/lora4j/serve/api/page/page.css");
  private static final Pattern ROOT = Pattern.compile(":root \\{(.*?)}", Pattern.DOTALL);
  private static final Pattern COLOR = Pattern.compile("--([a-z-]+): (#[0-9a-f]{6});");

  /** The colours by name, of light pages or of dark ones. */
  private static Map<String, String> colors(Path file, int scheme) throws IOException {
    List<String> roots =
        ROOT.matcher(Files.readString(file)).results().map(found -> found.group(1)).toList();
    assertThat(roots).as(file.toString()).hasSize(2);
    Map<String, String> colors = new TreeMap<>();
    Matcher color = COLOR.matcher(roots.get(scheme));
    while (color.find()) {
      colors.put(color.group(1), color.group(2));
    }
    return colors;
  }

  @Test
  void colorsOfTheSameNameAreEqual() throws IOException {
    for (int scheme = 0; scheme < 2; scheme++) {
      Map<String, String> ofReport = colors(REPORT, scheme);
      Map<String, String> ofPage = colors(PAGE, scheme);
      ofReport.keySet().retainAll(ofPage.keySet());
      ofPage.keySet().retainAll(ofReport.keySet());

      assertThat(ofReport).hasSizeGreaterThan(6).isEqualTo(ofPage);
    }
  }
}
