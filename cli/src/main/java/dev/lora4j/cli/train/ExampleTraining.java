package dev.lora4j.cli.train;

import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.progress.TrainingProgress;
import dev.lora4j.cli.report.ReportWriter;
import dev.lora4j.cli.report.RunOutcome;
import dev.lora4j.cli.report.TestScore;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.data.Batch;
import dev.lora4j.llm.metrics.RunCurves;
import dev.lora4j.llm.metrics.RunMetrics;
import dev.lora4j.llm.recipe.InitialAdapter;
import dev.lora4j.llm.recipe.RunRecord;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Summary;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Devices;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.RunResult;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * Trains an adapter for a TorchScript model, and shows the result.
 *
 * @param initial the adapter to continue; empty for a new one
 * @param given all options of the run by name, defaults included
 * @param log receives the messages
 */
public record ExampleTraining(
    Module net,
    TrainPaths paths,
    ExampleDataOptions data,
    TrainingOptions options,
    Optional<InitialAdapter> initial,
    Map<String, Object> given,
    PrintStream log) {
  static final String ADAPTER = "default";
  static final int EPOCHS = 3;
  static final int BATCH = 16;
  static final double LEARNING_RATE = 1e-3;

  /**
   * Trains, and writes the adapter and the report.
   *
   * @param config the config of a new adapter
   */
  public TuningReport run(LoraConfig config) {
    net.to(Devices.named(paths.device()));
    try (Examples examples = data.load(paths.data(), options.workers());
        Workers workers = new Workers(options.workers())) {
      examples.warnings().forEach(warning -> log.println("Warning: " + warning));
      checkOutputs(net, examples);
      LoraModel model = adapt(config);
      Summary listing = Summary.of(net);
      TrainingSummary.trainable(log, listing, model.config(ADAPTER).targets().describe());
      Examples split = examples.split(options.validFraction(0), options.seed());
      ExampleRun run = new ExampleRun(this, model, split, workers);
      TuningReport report = train(run, listing);
      print(report);
      ReportWriter.write(paths.out(), report).warnings().forEach(log::println);
      log.println("Report: " + paths.out().resolve("report.html"));
      return report;
    }
  }

  private LoraModel adapt(LoraConfig config) {
    Engine.seed(options.seed());
    net.train(false);
    LoraModel model = initial.map(this::continued).orElseGet(() -> adapted(config));
    net.to(net.device());
    return model;
  }

  private LoraModel continued(InitialAdapter trained) {
    if (options.resume()) {
      new RunRecord(paths.out()).requireSame(trained);
    }
    log.println("Continuing the adapter " + trained.directory());
    return trained.addTo(net, ADAPTER);
  }

  private LoraModel adapted(LoraConfig config) {
    LeftOut.describe(net, Lora.plan(net, config).paths()).forEach(log::println);
    String base = String.valueOf(Path.of(paths.model()).getFileName());
    return Lora.adapt(net, config.baseModel(base), log::println);
  }

  /**
   * Runs a model on an example twice.
   *
   * @throws dev.lora4j.UserError if the outputs do not fit the task
   */
  public static void checkOutputs(Module net, Examples examples) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch two = examples.train().gather(Ops.tensor(new long[] {0, 0})).to(net.device());
      examples.task().check(net.forward(two.inputs()));
    }
  }

  private TuningReport train(ExampleRun run, Summary listing) {
    TestScore before = run.test();
    RunResult result;
    long resumedFrom;
    try (LastCheckpoint checkpoint = new LastCheckpoint(paths.out());
        AdamW adamW = new AdamW(options.lr(LEARNING_RATE));
        RunMetrics metrics = new RunMetrics(paths.out());
        TrainingProgress bar = new TrainingProgress("LoRA")) {
      Trainer trainer =
          Trainer.of(net, adamW)
              .epochs(options.epochs().orElse(EPOCHS))
              .batchSize(options.batch(BATCH))
              .seed(options.seed())
              .loss(run.examples().task().loss())
              .callback(TrainingCallback.all(run.recorder(), checkpoint, bar, metrics));
      result = checkpoint.guard(() -> run.train(trainer));
      resumedFrom = checkpoint.resumedFrom();
    }
    SamplePrompt.activateSaved(run.model(), result);
    return new TuningReport(
        paths.model(),
        run.examples().describe(paths.data()),
        result,
        resumedFrom,
        listing,
        RunCurves.read(paths.out()),
        new RunOutcome.Scores(before, run.test()),
        ProcessStats.peakMegabytes(),
        ProcessStats.elapsed(),
        "lora train --config " + paths.out().resolve(LanguageTraining.CONFIG) + " --out DIR");
  }

  private void print(TuningReport report) {
    RunOutcome.Scores scores = (RunOutcome.Scores) report.outcome();
    TrainingSummary summary = new TrainingSummary(log, report);
    summary.loss();
    summary.speed(NumberFormats.rate(scores.stepsPerSecond(report.tuning())) + " steps/s");
    log.printf("%n%s before and after%n", scores.before().title());
    scores
        .before()
        .figures()
        .forEach(
            (name, was) ->
                log.printf("  %-12s %s → %s%n", name, was, scores.after().figures().get(name)));
    summary.saved();
  }
}
