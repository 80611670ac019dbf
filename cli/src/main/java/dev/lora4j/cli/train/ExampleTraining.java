package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.progress.Interruption;
import dev.lora4j.cli.progress.TrainingProgress;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.data.Batch;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Summary;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Devices;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingResult;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** Trains an adapter for a TorchScript model; it is saved after each epoch. */
public record ExampleTraining(
    Module net,
    TrainPaths paths,
    ExampleDataOptions data,
    TrainingOptions options,
    OutputFormat output) {
  private static final String ADAPTER = "default";
  private static final int EPOCHS = 3;
  private static final int BATCH = 16;
  private static final double LEARNING_RATE = 1e-3;

  /** Trains with an evaluation before and after, and prints the result. */
  public void run(LoraConfig config) {
    PrintStream log = output.messages();
    net.to(Devices.named(paths.device()));
    try (Examples examples = data.load(paths.data(), options.workers());
        Workers workers = new Workers(options.workers())) {
      examples.warnings().forEach(warning -> log.println("Warning: " + warning));
      checkOutputs(net, examples);
      Engine.seed(options.seed());
      net.train(false);
      LoraModel model = Lora.adapt(net, config, log::println);
      net.to(net.device());
      Summary listing = Summary.of(net);
      log.printf("%n%s%n%n", listing);
      TestScore before = examples.task().evaluate(net, examples.test(), workers);
      TrainingResult training = fit(model, examples, workers);
      TestScore after = examples.task().evaluate(net, examples.test(), workers);
      long bytes = model.save(ADAPTER, paths.out());
      log.printf("%n%s before and after%n", before.title());
      before
          .figures()
          .forEach(
              (name, was) -> log.printf("  %-12s %s → %s%n", name, was, after.figures().get(name)));
      log.printf("Saved the adapter to %s, %,d bytes%n", paths.out(), bytes);
      output.show(root -> fill(root, before, after, listing, training, bytes), out -> {});
    }
  }

  /**
   * Passes an example twice through a model.
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

  private TrainingResult fit(LoraModel model, Examples examples, Workers workers) {
    try (Interruption interruption = new Interruption();
        AdamW adamW = new AdamW(options.lr(LEARNING_RATE));
        TrainingProgress bar = new TrainingProgress("LoRA")) {
      TrainingCallback saving =
          new TrainingCallback() {
            @Override
            public void onEpoch(int epoch) {
              model.save(ADAPTER, paths.out());
              interruption.saved(paths.out());
            }
          };
      return Trainer.of(net, adamW)
          .epochs(options.epochs().orElse(EPOCHS))
          .batchSize(options.batch(BATCH))
          .seed(options.seed())
          .loss(examples.task().loss())
          .callback(TrainingCallback.all(bar, saving))
          .fit(examples.train(), workers);
    }
  }

  private static void fill(
      ObjectNode root,
      TestScore before,
      TestScore after,
      Summary listing,
      TrainingResult training,
      long adapterBytes) {
    before.fill(root.putObject("before"));
    after.fill(root.putObject("after"));
    root.putObject("parameters")
        .put("trainable", listing.trainable())
        .put("total", listing.total());
    root.put("steps", training.steps());
    root.put("seconds", training.seconds());
    root.put("steps_per_s", training.stepsPerSecond());
    root.put("adapter_bytes", adapterBytes);
    ProcessStats.peakMegabytes().ifPresent(megabytes -> root.put("peak_rss_mb", megabytes));
  }
}
