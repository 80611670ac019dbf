package dev.lora4j.cli.report;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.recipe.Versions;
import dev.lora4j.train.RunResult;
import java.util.Locale;

/** The page of a training run: result, loss, cost, and how to repeat it. */
final class TuningPage {
  private final TuningReport report;
  private final RunResult tuning;

  TuningPage(TuningReport report) {
    this.report = report;
    tuning = report.tuning();
  }

  String html() {
    return Page.document(
        report.model() + ": loss " + report.fall(),
        header()
            + tiles()
            + outcome()
            + Page.section("Loss", loss())
            + Page.section(
                report.outcome() instanceof RunOutcome.Text
                    ? "Parameters and tokens"
                    : "Parameters",
                trained())
            + Page.section("Repeat this run", repeat())
            + Page.footer(Versions.all()));
  }

  private String header() {
    String what = report.isEvaluated() ? "validation loss" : "mean training loss";
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
    return "<dl class=\"tiles\">\n"
        + Page.tile(
            "training",
            NumberFormats.exactTime(tuning.duration()),
            NumberFormats.count(tuning.steps()) + " steps" + report.clock())
        + speed()
        + Page.tile("memory", report.peakMemory(), "peak")
        + Page.tile("adapter", NumberFormats.bytes(tuning.adapterBytes()), "on disk")
        + "</dl>\n";
  }

  private String speed() {
    if (report.outcome() instanceof RunOutcome.Scores scores) {
      return Page.tile("speed", NumberFormats.rate(scores.stepsPerSecond(tuning)), "steps/s");
    }
    double tokens =
        report.outcome() instanceof RunOutcome.Text text
            ? text.tokensPerSecond(tuning)
            : ((RunOutcome.OfTask) report.outcome()).tokensPerSecond();
    return Page.tile("speed", NumberFormats.rate(tokens), "tokens/s");
  }

  private String outcome() {
    if (report.outcome() instanceof RunOutcome.OfTask task) {
      return new TaskSection(task.result()).html();
    }
    return report.outcome() instanceof RunOutcome.Text text
        ? Page.section("Sample", sample(text))
        : Page.section("Test examples", scores((RunOutcome.Scores) report.outcome()));
  }

  private static String sample(RunOutcome.Text sample) {
    return """
        <p>Greedy decoding of this prompt:</p>
        <pre class="text">%s</pre>
        <h3>Base model</h3>
        <pre class="text">%s</pre>
        <h3 class="tuned">With the adapter</h3>
        <pre class="text">%s</pre>
        """
        .formatted(
            Html.escape(TuningReport.shown(sample.prompt())),
            Html.escape(TuningReport.shown(sample.before())),
            Html.escape(TuningReport.shown(sample.after())));
  }

  private static String scores(RunOutcome.Scores scores) {
    StringBuilder rows = new StringBuilder();
    scores
        .before()
        .figures()
        .forEach(
            (name, before) ->
                rows.append(
                    "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td></tr>\n"
                        .formatted(
                            Html.escape(name),
                            Html.escape(before),
                            Html.escape(scores.after().figures().getOrDefault(name, "–")))));
    return """
        <table class="counts">
        <thead><tr><th scope="col">%s</th><th scope="col">base</th><th scope="col">with the adapter</th></tr></thead>
        <tbody>
        %s</tbody>
        </table>
        """
        .formatted(Html.escape(scores.before().title()), rows);
  }

  private String loss() {
    String valid =
        report.isEvaluated()
            ? " Each dot of the validation loss is one evaluation. Both panels share one scale."
            : "";
    return """
        <p>Each pale point of the training loss is the mean of a few steps, the line is their \
        running mean.%s The saved adapter is that of step %s of %s.</p>
        %s"""
        .formatted(
            valid,
            NumberFormats.count(tuning.adapterStep()),
            NumberFormats.count(tuning.steps()),
            LossChart.of(report.curves()).html());
  }

  private String trained() {
    return """
        <table class="counts">
        <thead><tr><td></td><th scope="col">count</th><th scope="col">share</th></tr></thead>
        <tbody>
        <tr><th scope="row">trainable parameters</th><td>%s</td><td>%s</td></tr>
        <tr><th scope="row">total parameters</th><td>%s</td><td></td></tr>
        %s</tbody>
        </table>
        <details><summary>Every parameter of the adapted network</summary><pre>%s</pre></details>
        """
        .formatted(
            NumberFormats.count(report.listing().trainable()),
            NumberFormats.percent(report.listing().percentTrainable() / 100),
            NumberFormats.count(report.listing().total()),
            report.outcome() instanceof RunOutcome.Text text ? tokens(text) : "",
            Html.escape(report.listing().text()));
  }

  private static String tokens(RunOutcome.Text text) {
    return """
        <tr><th scope="row">tokens</th><td>%s</td><td></td></tr>
        <tr><th scope="row">loss tokens</th><td>%s</td><td>%s</td></tr>
        """
        .formatted(
            NumberFormats.count(text.tokens()),
            NumberFormats.count(text.lossTokens()),
            NumberFormats.percent((double) text.lossTokens() / text.tokens()));
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
      case COMPLETE -> "after its last step";
      case EARLY -> "early, because the validation loss stopped improving";
      case STOPPED -> tuning.end().name().toLowerCase(Locale.ROOT);
    };
  }
}
