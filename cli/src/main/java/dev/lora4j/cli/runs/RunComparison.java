package dev.lora4j.cli.runs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.TextTable;
import dev.lora4j.llm.metrics.RunFigures;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeSet;

/** Runs side by side: the settings that differ, losses, speed, time and size. */
public final class RunComparison {
  private static final String NONE = "–";

  private final List<RunSummary> runs;
  private final List<String> differing;
  private final boolean validated;
  private final Optional<RunSummary> best;

  public RunComparison(List<RunSummary> runs) {
    this.runs = runs;
    TreeSet<String> names = new TreeSet<>();
    runs.forEach(run -> names.addAll(run.settings().keySet()));
    differing =
        names.stream()
            .filter(name -> runs.stream().map(run -> setting(run, name)).distinct().count() > 1)
            .toList();
    validated = runs.stream().anyMatch(run -> run.figures().bestLoss().isPresent());
    best =
        runs.size() < 2
            ? Optional.empty()
            : runs.stream()
                .filter(run -> score(run).isPresent())
                .min(Comparator.comparingDouble(run -> score(run).getAsDouble()));
  }

  /** The lowest validation loss; the training loss where no run has a validation loss. */
  private OptionalDouble score(RunSummary run) {
    RunFigures figures = run.figures();
    return validated || figures.steps() == 0
        ? figures.bestLoss()
        : OptionalDouble.of(figures.trainLoss());
  }

  /** Returns a setting, with numbers in a uniform format. */
  private static String setting(RunSummary run, String name) {
    String value = run.settings().getOrDefault(name, NONE);
    try {
      return new BigDecimal(value).stripTrailingZeros().toPlainString();
    } catch (NumberFormatException e) {
      return value;
    }
  }

  /** Prints a table, or JSON. */
  public void show(OutputFormat output) {
    output.show(this::fill, this::print);
  }

  private boolean isBest(RunSummary run) {
    return best.filter(run::equals).isPresent();
  }

  private void print(PrintStream out) {
    List<String> header = new ArrayList<>(List.of("  run"));
    header.addAll(differing);
    header.add("steps");
    header.addAll(validated ? List.of("first loss", "best", "last") : List.of("training loss"));
    header.addAll(List.of("tokens/s", "time", "adapter"));
    TextTable table = new TextTable(header.toArray(String[]::new));
    runs.forEach(run -> table.row(row(run).toArray(String[]::new)));
    table.print(out);
    best.ifPresent(run -> out.printf("* lowest %s loss%n", validated ? "validation" : "training"));
    if (runs.stream().map(RunSummary::data).distinct().count() > 1) {
      out.println("The runs have different examples; their losses are not comparable.");
    }
  }

  private List<String> row(RunSummary run) {
    RunFigures figures = run.figures();
    List<String> row = new ArrayList<>();
    row.add((isBest(run) ? "* " : "  ") + run.name());
    differing.forEach(name -> row.add(setting(run, name)));
    row.add(
        figures.steps() == run.totalSteps()
            ? NumberFormats.count(figures.steps())
            : NumberFormats.count(figures.steps())
                + " of "
                + NumberFormats.count(run.totalSteps()));
    if (validated) {
      row.add(loss(figures.firstLoss()));
      row.add(loss(figures.bestLoss()));
      row.add(loss(figures.lastLoss()));
    } else {
      row.add(loss(score(run)));
    }
    boolean timed = figures.seconds() > 0;
    row.add(timed ? NumberFormats.rate(figures.tokensPerSecond()) : NONE);
    row.add(
        timed
            ? NumberFormats.exactTime(Duration.ofMillis(Math.round(1000 * figures.seconds())))
            : NONE);
    row.add(
        run.adapterBytes().isPresent()
            ? NumberFormats.bytes(run.adapterBytes().getAsLong())
            : NONE);
    return row;
  }

  private static String loss(OptionalDouble loss) {
    return loss.isPresent() ? NumberFormats.format("%.4f", loss.getAsDouble()) : NONE;
  }

  private void fill(ObjectNode root) {
    root.putArray("runs");
    for (RunSummary run : runs) {
      RunFigures figures = run.figures();
      ObjectNode node = root.withArray("runs").addObject();
      node.put("run", run.name());
      ObjectNode settings = node.putObject("settings");
      differing.stream()
          .filter(run.settings()::containsKey)
          .forEach(name -> settings.put(name, setting(run, name)));
      node.put("steps", figures.steps());
      node.put("total_steps", run.totalSteps());
      put(node, "valid_loss_before", figures.firstLoss());
      put(node, "valid_loss_best", figures.bestLoss());
      put(node, "valid_loss_last", figures.lastLoss());
      node.put("best_step", figures.bestStep());
      put(node, "train_loss", known(figures.trainLoss()));
      put(node, "tokens_per_s", known(figures.tokensPerSecond()));
      node.put("seconds", figures.seconds());
      run.adapterBytes()
          .ifPresentOrElse(
              bytes -> node.put("adapter_bytes", bytes), () -> node.putNull("adapter_bytes"));
      node.put("best", isBest(run));
    }
  }

  private static OptionalDouble known(double value) {
    return Double.isNaN(value) ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  private static void put(ObjectNode node, String name, OptionalDouble value) {
    value.ifPresentOrElse(number -> node.put(name, number), () -> node.putNull(name));
  }
}
