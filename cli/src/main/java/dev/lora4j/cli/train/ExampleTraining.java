package dev.lora4j.cli.train;

import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.progress.Interruption;
import dev.lora4j.cli.progress.TrainingProgress;
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
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/**
 * Trains an adapter for a TorchScript model: evaluated before and after, saved after each epoch.
 */
public final class ExampleTraining implements AutoCloseable {
  private static final String ADAPTER = "default";
  private static final int EPOCHS = 3;
  private static final int BATCH = 16;
  private static final double LEARNING_RATE = 1e-3;

  private final Module net;
  private final TrainingOptions options;
  private final Path out;
  private final PrintStream story;
  private final Examples examples;
  private final Workers workers;

  /** Reads the examples and moves the model to its device. */
  public ExampleTraining(
      Module net,
      TrainPaths places,
      ExampleDataOptions data,
      TrainingOptions options,
      PrintStream story) {
    this.net = net;
    this.options = options;
    this.story = story;
    out = places.out();
    net.to(Devices.named(places.device()));
    examples = data.load(places.data(), options.workers());
    workers = new Workers(options.workers());
    examples.warnings().forEach(warning -> story.println("Warning: " + warning));
  }

  public ExampleTrainingResult train(LoraConfig config) {
    checkOutputs(net, examples);
    Engine.seed(options.seed());
    net.train(false);
    LoraModel model = Lora.adapt(net, config, story::println);
    net.to(net.device());
    Summary listing = Summary.of(net);
    story.printf("%n%s%n%n", listing);
    TestScore before = evaluate();
    TrainingResult training = fit(model);
    TestScore after = evaluate();
    long bytes = model.save(ADAPTER, out);
    print(before, after);
    story.printf("Saved the adapter to %s, %,d bytes%n", out, bytes);
    return new ExampleTrainingResult(before, after, listing, training, bytes);
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
      examples.goal().check(net.forward(two.inputs()));
    }
  }

  private TrainingResult fit(LoraModel model) {
    try (Interruption interruption = new Interruption(System.err);
        AdamW adamW = new AdamW(options.lr(LEARNING_RATE));
        TrainingProgress bar = new TrainingProgress("LoRA")) {
      return Trainer.of(net, adamW)
          .epochs(options.epochs().orElse(EPOCHS))
          .batchSize(options.batch(BATCH))
          .seed(options.seed())
          .loss(examples.goal().loss())
          .callback(TrainingCallback.all(bar, saving(model, interruption)))
          .fit(examples.train(), workers);
    }
  }

  private TrainingCallback saving(LoraModel model, Interruption interruption) {
    return new TrainingCallback() {
      @Override
      public void onEpoch(int epoch) {
        model.save(ADAPTER, out);
        interruption.saved(out);
      }
    };
  }

  private TestScore evaluate() {
    return examples.goal().evaluate(net, examples.test(), workers);
  }

  private void print(TestScore before, TestScore after) {
    story.printf("%n%s before and after%n", before.title());
    Map<String, String> now = after.figures();
    before
        .figures()
        .forEach((name, was) -> story.printf("  %-12s %s → %s%n", name, was, now.get(name)));
  }

  @Override
  public void close() {
    examples.close();
    workers.close();
  }
}
