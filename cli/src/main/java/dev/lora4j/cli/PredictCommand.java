package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.AdapterChoices;
import dev.lora4j.cli.options.ColumnOptions;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.cli.progress.Progress;
import dev.lora4j.cli.progress.Unit;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.predict.AdaptedTask;
import dev.lora4j.llm.task.predict.FilePrediction;
import dev.lora4j.llm.task.predict.TaskDescription;
import dev.lora4j.train.Workers;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Predicts labels, numbers or vectors for the rows of a file. */
@Command(
    name = "predict",
    mixinStandardHelpOptions = true,
    header = {"Predict labels, numbers or vectors for the rows of a file.", ""},
    description = {
      "",
      "Writes one JSON line for each row: the row's own fields, and label and probabilities,"
          + " labels, score or embedding, as the adapter's task has it. Probabilities are calibrated"
          + " as fitted after the training. Rows are streamed, so a file may have any size.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora predict --model all-MiniLM-L6-v2 --adapter tickets --data new.csv --out labelled.jsonl",
      "  lora predict --model all-MiniLM-L6-v2 --adapter tickets --data new.parquet --out"
          + " labelled.jsonl --columns text=body"
    })
final class PredictCommand implements Callable<Integer> {
  private static final String ADAPTER = "adapter";

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description =
          "Base model: Hugging Face directory, GGUF file, or org/name[@revision] on the Hub.")
  private String model = "";

  @Mixin private AdapterChoices adapters = new AdapterChoices();

  @Mixin private WeightOptions weights = new WeightOptions();

  @Option(
      names = "--data",
      paramLabel = "FILE",
      required = true,
      description = "Texts: jsonl, json, csv, tsv or parquet file; labels are not read.")
  private Path data = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "FILE",
      required = true,
      description = "Output file, jsonl; compressed if its name ends in .gz.")
  private Path out = Path.of("");

  @Option(
      names = "--task",
      paramLabel = "NAME",
      description =
          "Task of an adapter of PEFT, whose files do not tell reranking from text-regression, nor"
              + " multi-label from text-classification (default: the adapter's).")
  private Optional<String> task = Optional.empty();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  @Mixin private ColumnOptions columns = new ColumnOptions();

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    Map<String, Path> directories = adapters.resolve();
    if (directories.size() != 1) {
      throw new UserError("--adapter: give one adapter of a task on texts");
    }
    Path adapter = directories.values().iterator().next();
    if (!TaskDescription.isAt(adapter)) {
      throw new UserError(
          adapter + " is no adapter for a task on texts; lora generate continues texts");
    }
    ModelFiles files = ModelFiles.at(References.resolve(model));
    try (AdaptedTask adapted = AdaptedTask.open(files, adapter, weights.storage());
        Workers group = new Workers(workers);
        Progress progress = new Progress("predict", Unit.ROWS, 0)) {
      adapted.load(ADAPTER, adapter, adapters.check(), task.map(TextTask::named));
      FilePrediction.Counts counts =
          new FilePrediction(adapted, ADAPTER, columns.options(), group)
              .write(data, out, progress::add);
      progress.close();
      output.show(
          root ->
              root.put("rows", counts.rows())
                  .put("truncated", counts.truncated())
                  .put("empty", counts.empty())
                  .put("out", out.toString()),
          text -> print(counts));
    }
    return 0;
  }

  private void print(FilePrediction.Counts counts) {
    counts.warnings().forEach(warning -> System.out.println("Warning: " + warning));
    System.out.printf("Wrote %s rows to %s%n", NumberFormats.count(counts.rows()), out);
  }
}
