package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The page of a demo: the result, the measurements behind it, and how to repeat it. */
final class DemoPage {
  private final DemoReport report;
  private final ReportText text;

  DemoPage(DemoReport report) {
    this.report = report;
    text = new ReportText(report);
  }

  String html() {
    return Page.document(
        text.headline(),
        header()
            + tiles()
            + Page.section("Accuracy per class", new AccuracyChart(report).html() + why())
            + Page.section("Loss", lossText() + LossChart.of(report, text).html())
            + Page.section("The base is unchanged", checks())
            + Page.section("Time", times())
            + Page.section("Parameters", listings())
            + Page.section("Repeat this run", repeat())
            + Page.footer(report.versions()));
  }

  private String header() {
    return """
        <header>
        <p class="kicker">lora4j demo</p>
        <h1><span class="classes">%s</span><span class="spoken">: </span>
        <span class="big">%s <span class="arrow">→</span> <strong>%s</strong></span>
        <span class="by">by %s</span></h1>
        <p class="data">%s</p>
        </header>
        """
        .formatted(
            Html.escape(text.shortNames()),
            NumberFormats.percent(text.tunedBefore()),
            NumberFormats.percent(text.tunedAfter()),
            Html.prose(text.training()),
            Html.escape(report.data()));
  }

  private String tiles() {
    return "<dl class=\"tiles\">\n"
        + Page.tile(
            "gain",
            NumberFormats.points(text.tunedBefore(), text.tunedAfter()),
            "mean of the fine-tuned classes")
        + Page.tile("trained", text.trainedShare(), "of all parameters trained")
        + Page.tile("adapter", NumberFormats.bytes(report.adapterBytes()), "adapter on disk")
        + Page.tile(
            "fine-tuning",
            NumberFormats.exactTime(report.times().lora()),
            "at " + NumberFormats.rate(report.loraStepsPerSecond()) + " steps/s")
        + "</dl>\n";
  }

  private String why() {
    return "<p class=\"note\">%s</p>\n".formatted(Html.prose(text.whyOverall()));
  }

  private String lossText() {
    return """
        <p>Cross-entropy over the steps: each pale point is the mean of a few steps, the line is \
        their running mean. Both panels share one scale.</p>
        """;
  }

  private String checks() {
    return "<ul class=\"checks\">\n"
        + check(report.baseRestored(), text.restoring())
        + check(text.mergesExactly(), text.merging())
        + "</ul>\n";
  }

  private static String check(boolean good, String text) {
    return "<li class=\"%s\"><span class=\"mark\">%s</span> <span>%s</span></li>\n"
        .formatted(good ? "good" : "bad", good ? "✓" : "✗", Html.escape(text));
  }

  private String times() {
    DemoReport.Times times = report.times();
    Map<String, Duration> phases = new LinkedHashMap<>();
    phases.put("loading the data", times.load());
    phases.put("training the base", times.base());
    phases.put("fine-tuning with LoRA", times.lora());
    phases.put("start-up, evaluation, saving", times.rest());
    StringBuilder bar = new StringBuilder();
    StringBuilder rows = new StringBuilder();
    int phase = 0;
    for (Map.Entry<String, Duration> entry : phases.entrySet()) {
      phase++;
      bar.append(
          "<i class=\"phase%d\" style=\"flex-grow:%s\"></i>"
              .formatted(
                  phase, NumberFormats.format("%.3f", NumberFormats.seconds(entry.getValue()))));
      rows.append(
          "<tr><th scope=\"row\"><i class=\"phase%d\"></i>%s</th><td>%s</td><td>%s</td></tr>\n"
              .formatted(
                  phase, entry.getKey(), NumberFormats.exactTime(entry.getValue()), speed(phase)));
    }
    return """
        <div class="stack" aria-hidden="true">%s</div>
        <table class="times">
        %s<tr class="sum"><th scope="row">total</th><td>%s</td><td></td></tr>
        </table>
        """
        .formatted(bar, rows, NumberFormats.exactTime(times.total()));
  }

  private String speed(int phase) {
    return switch (phase) {
      case 2 -> NumberFormats.rate(report.baseStepsPerSecond()) + " steps/s";
      case 3 -> NumberFormats.rate(report.loraStepsPerSecond()) + " steps/s";
      default -> "";
    };
  }

  private String listings() {
    return """
        <p>LoRA freezes the weight <i>W</i> of a layer and trains two low-rank matrices: \
        <span class="formula"><i>W x</i> + (<i>α</i> / <i>r</i>) <i>B A x</i></span>. <i>B</i> is initialised to zero, so training \
        starts from exactly the base.</p>
        <table class="counts">
        <thead><tr><td></td><th scope="col">base</th><th scope="col">adapted</th></tr></thead>
        <tbody>
        %s%s%s</tbody>
        </table>
        <details><summary>Every parameter of the base</summary><pre>%s</pre></details>
        <details><summary>Every parameter of the adapted network</summary><pre>%s</pre></details>
        """
        .formatted(
            counts(
                "trainable",
                report.parametersBefore().trainable(),
                report.parametersAfter().trainable()),
            counts(
                "frozen",
                report.parametersBefore().untrainable(),
                report.parametersAfter().untrainable()),
            counts("total", report.parametersBefore().total(), report.parametersAfter().total()),
            Html.escape(report.parametersBefore().text()),
            Html.escape(report.parametersAfter().text()));
  }

  private static String counts(String name, long before, long after) {
    return "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n"
        .formatted(name, NumberFormats.count(before), NumberFormats.count(after));
  }

  private String repeat() {
    DemoSettings settings = report.settings();
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("rank, alpha", settings.rank() + ", " + NumberFormats.plain(settings.alpha()));
    rows.put("epochs (base, LoRA)", settings.epochs() + ", " + settings.loraEpochs());
    rows.put(
        "learning rate (base, LoRA)",
        NumberFormats.plain(settings.learningRate())
            + ", "
            + NumberFormats.plain(settings.loraLearningRate()));
    rows.put("batch size", Integer.toString(settings.batch()));
    rows.put("seed", Long.toString(settings.seed()));
    rows.put("workers", settings.workers() + " on " + settings.device());
    StringBuilder table = new StringBuilder();
    rows.forEach(
        (name, value) ->
            table.append(
                "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n"
                    .formatted(Html.escape(name), Html.escape(value))));
    return """
        <pre class="command"><code>%s</code></pre>
        <p>The same seed and number of workers give the same adapter, bit for bit.</p>
        <table class="settings">
        %s</table>
        """
        .formatted(command(), table);
  }

  /** The command, which wraps between options only. */
  private String command() {
    return report.settings().commandParts(report.fineTuned()).stream()
        .map(part -> "<span>" + Html.escape(part) + "</span>")
        .collect(Collectors.joining(" "));
  }
}
