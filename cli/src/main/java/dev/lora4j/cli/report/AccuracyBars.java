package dev.lora4j.cli.report;

import java.util.List;

/**
 * Accuracy of each class before and after, as bars of the page itself: they fit any width, follow
 * its colours, and can be read aloud.
 */
final class AccuracyBars {
  private final DemoReport report;

  AccuracyBars(DemoReport report) {
    this.report = report;
  }

  String html() {
    StringBuilder out = new StringBuilder();
    out.append(
        """
        <p class="legend"><span><i class="base"></i>base</span>\
        <span><i class="lora"></i>with the adapter, fine-tuned class</span>\
        <span><i class="lora pale"></i>with the adapter, other class</span></p>
        """);
    group(out, "Fine-tuned", report.fineTuned(), "tuned");
    group(out, "Not in the fine-tuning data", report.others(), "other");
    out.append("<div class=\"bars all\" role=\"list\">\n");
    row(out, "all classes", report.before().all(), report.after().all());
    out.append("</div>\n");
    return out.toString();
  }

  private void group(StringBuilder out, String title, List<String> classes, String style) {
    if (classes.isEmpty()) {
      return;
    }
    out.append("<h3 class=\"%s\">%s</h3>\n".formatted(style, title))
        .append("<div class=\"bars %s\" role=\"list\">\n".formatted(style));
    for (String name : classes) {
      row(
          out,
          name,
          DemoReport.share(report.before(), name),
          DemoReport.share(report.after(), name));
    }
    out.append("</div>\n");
  }

  private static void row(StringBuilder out, String name, double before, double after) {
    out.append(
        """
        <div class="row" role="listitem">
        <span class="name">%s</span>
        <span class="pair">%s%s</span>
        <span class="change">%s</span>
        </div>
        """
            .formatted(
                Html.escape(name),
                bar("base", "base", before),
                bar("lora", "with the adapter", after),
                Numbers.points(before, after).replace(" points", "")));
  }

  private static String bar(String style, String spoken, double share) {
    return """
        <span class="bar"><span class="track"><b class="%s" style="width:%s"></b></span>\
        <em><span class="spoken">%s </span>%s</em></span>\
        """
        .formatted(
            style, Html.css(Double.isNaN(share) ? 0 : share), spoken, Numbers.percent(share));
  }
}
