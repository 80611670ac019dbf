package dev.lora4j.cli;

import dev.lora4j.data.Batch;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Devices;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Summary;
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

/** Adapts a model to examples: examined before and after, saved after each epoch. */
final class ExampleTraining implements AutoCloseable {
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

  /** Reads the examples; the model goes where it is to compute. */
  ExampleTraining(
      Module net, Places places, ExampleOptions data, TrainingOptions options, PrintStream story) {
    this.net = net;
    this.options = options;
    this.story = story;
    out = places.out();
    net.to(Devices.named(places.device()));
    examples = data.load(places.data(), options.workers());
    workers = new Workers(options.workers());
    examples.warnings().forEach(warning -> story.println("Warning: " + warning));
  }

  ExampleTrainingResult train(LoraConfig config) {
    checkOutputs(net, examples);
    Engine.seed(options.seed());
    net.train(false);
    LoraModel model = Lora.adapt(net, config, story::println);
    net.to(net.device());
    Summary listing = Summary.of(net);
    story.printf("%n%s%n%n", listing);
    Score before = examine();
    TrainingResult training = fit(model);
    Score after = examine();
    long bytes = model.save(ADAPTER, out);
    tell(before, after);
    story.printf("The adapter is %s, %,d bytes%n", out, bytes);
    return new ExampleTrainingResult(before, after, listing, training, bytes);
  }

  /**
   * Passes an example twice through a model, and refuses one that does not answer what is asked.
   */
  static void checkOutputs(Module net, Examples examples) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch two = examples.train().gather(Ops.tensor(new long[] {0, 0})).to(net.device());
      examples.goal().check(net.forward(two.inputs()));
    }
  }

  private TrainingResult fit(LoraModel model) {
    try (Interruption interruption = interruption();
        AdamW adamW = new AdamW(options.lr(LEARNING_RATE));
        ProgressBar bar = new ProgressBar("LoRA")) {
      return Trainer.of(net, adamW)
          .epochs(options.epochs().orElse(EPOCHS))
          .batchSize(options.batch(BATCH))
          .seed(options.seed())
          .loss(examples.goal().loss())
          .callback(TrainingCallback.all(bar, saving(model, interruption)))
          .fit(examples.train(), workers);
    }
  }

  /** Tells on a stream that stays open. */
  private static Interruption interruption() {
    return new Interruption(System.err);
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

  private Score examine() {
    return examples.goal().examine(net, examples.test(), workers);
  }

  private void tell(Score before, Score after) {
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
