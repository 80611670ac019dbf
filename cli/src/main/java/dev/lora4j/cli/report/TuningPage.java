package dev.lora4j.cli.report;

import dev.lora4j.models.training.TuningResult;
import java.util.Locale;

/** The page of a language model's run: loss, texts, what it cost, how to do it again. */
final class TuningPage {
  private final TuningReport report;
  private final TuningResult tuning;

  TuningPage(TuningReport report) {
    this.report = report;
    tuning = report.tuning();
  }

  String html() {
    return ReportPage.document(
        report.model() + ": loss " + report.fall(),
        header()
            + tiles()
            + ReportPage.section("What it writes", texts())
            + ReportPage.section("Loss", loss())
            + ReportPage.section("What was trained", trained())
            + ReportPage.section("Do it again", repeat())
            + ReportPage.footer(report.versions()));
  }

  private String header() {
    String what = report.isEvaluated() ? "loss of what was held back" : "mean loss in training";
    return """
        <header>
        <p class="kicker">lora4j train</p>
        <h1><span class="classes">%s</span><span class="spoken">: </span>
        <span class="big">%s</span>
        <span class="by">%s</span></h1>
        <p class="data">%s</p>
        </header>
        """
        .formatted(
            Html.escape(report.model()),
            report.fall().replace("→", "<span class=\"arrow\">→</span>"),
            what,
            Html.escape(report.data()));
  }

  private String tiles() {
    String memory =
        report.peakMegabytes().isPresent()
            ? Numbers.count(report.peakMegabytes().getAsLong()) + " MB"
            : "–";
    return "<dl class=\"tiles\">\n"
        + ReportPage.tile(
            "training",
            Numbers.exactTime(tuning.duration()),
            Numbers.count(tuning.steps()) + " steps")
        + ReportPage.tile("speed", Numbers.rate(tuning.tokensPerSecond()), "tokens a second")
        + ReportPage.tile("memory", memory, "at the peak, all in all")
        + ReportPage.tile("adapter", Numbers.bytes(tuning.adapterBytes()), "on disk")
        + "</dl>\n";
  }

  private String texts() {
    TuningReport.Texts texts = report.texts();
    return """
        <p>Always the likeliest token, after this beginning:</p>
        <pre>%s</pre>
        <h3>The base</h3>
        <pre>%s</pre>
        <h3 class="tuned">With the adapter</h3>
        <pre>%s</pre>
        """
        .formatted(
            Html.escape(texts.prompt()), Html.escape(texts.before()), Html.escape(texts.after()));
  }

  private String loss() {
    LossPlot plot = new LossPlot(TuningPicture.scale(report.curves()));
    String valid =
        report.isEvaluated() ? plot.panel("lora", "Held back", report.curves().valid()) : "";
    return """
        <p>Each pale point is the mean of a few steps, the line a running mean. All panels share \
        one scale. The adapter in this directory is the one after %s of %s steps.</p>
        <div class="plots">
        %s%s</div>
        """
        .formatted(
            Numbers.count(tuning.adapterStep()),
            Numbers.count(tuning.steps()),
            plot.panel("base", "Trained on", report.curves().train()),
            valid);
  }

  private String trained() {
    return """
        <table class="counts">
        <thead><tr><td></td><th scope="col">numbers</th><th scope="col">share</th></tr></thead>
        <tbody>
        <tr><th scope="row">trained</th><td>%s</td><td>%s</td></tr>
        <tr><th scope="row">in all</th><td>%s</td><td></td></tr>
        <tr><th scope="row">tokens read</th><td>%s</td><td></td></tr>
        <tr><th scope="row">tokens learned</th><td>%s</td><td>%s</td></tr>
        </tbody>
        </table>
        <details><summary>Every parameter of the adapted network</summary><pre>%s</pre></details>
        """
        .formatted(
            Numbers.count(report.listing().trainable()),
            Numbers.percent(report.listing().percentTrainable() / 100),
            Numbers.count(report.listing().total()),
            Numbers.count(tuning.tokens()),
            Numbers.count(tuning.lossTokens()),
            Numbers.percent((double) tuning.lossTokens() / tuning.tokens()),
            Html.escape(report.listing().text()));
  }

  private String repeat() {
    return """
        <pre class="command"><code>%s</code></pre>
        <p>The same data, seed and number of workers give the same adapter, bit for bit. The run \
        ended %s.</p>
        """
        .formatted(Html.escape(report.command()), end());
  }

  private String end() {
    return switch (tuning.end()) {
      case COMPLETE -> "after all of its steps";
      case EARLY -> "early, as the evaluations got no better";
      case STOPPED -> tuning.end().name().toLowerCase(Locale.ROOT);
    };
  }
}
