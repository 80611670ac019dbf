package dev.lora4j.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The common parts of the report pages. */
final class Page {
  private static final String STYLE = resource("report.css");

  private Page() {}

  /** A complete page in the style of the reports. */
  static String document(String title, String content) {
    return """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <title>%s</title>
        <style>
        %s</style>
        </head>
        <body>
        <main>
        %s</main>
        </body>
        </html>
        """
        .formatted(Html.escape(title), STYLE, content);
  }

  /** A figure in the row of tiles. */
  static String tile(String name, String value, String meaning) {
    return "<div><dt>%s</dt><dd><b>%s</b> <span>%s</span></dd></div>\n"
        .formatted(name, value, meaning);
  }

  /** A section with a heading. */
  static String section(String title, String content) {
    return "<section>\n<h2>%s</h2>\n%s</section>\n".formatted(title, content);
  }

  /** The versions. */
  static String footer(Map<String, String> versions) {
    StringBuilder spans = new StringBuilder();
    versions.forEach(
        (name, version) ->
            spans.append("<span>%s %s</span> ".formatted(Html.escape(name), Html.escape(version))));
    return "<footer>%s</footer>\n".formatted(spans.toString().strip());
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
