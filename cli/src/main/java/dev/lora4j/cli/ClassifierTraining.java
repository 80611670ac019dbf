package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.data.Batch;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Devices;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingListener;
import dev.lora4j.train.TrainingResult;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Adapts a classifier to examples: examined before and after, saved after each epoch. */
final class ClassifierTraining implements AutoCloseable {
  private static final String ADAPTER = "default";

  private final Module net;
  private final TrainingOptions options;
  private final PrintStream story;
  private final Examples examples;
  private final Workers workers;
  private final Interruption interruption = new Interruption(System.err);

  ClassifierTraining(Module net, ExampleOptions data, TrainingOptions options, PrintStream story) {
    this.net = net;
    this.options = options;
    this.story = story;
    net.to(Devices.named(options.device()));
    workers = new Workers(options.workers());
    examples = data.load(options.workers());
    examples.warnings().forEach(warning -> story.println("Warning: " + warning));
  }

  ClassifierResult train(LoraConfig config) {
    checkOutputs(net, examples);
    Engine.seed(options.seed());
    net.train(false);
    LoraModel model = Lora.adapt(net, config, story::println);
    net.to(net.device());
    Summary listing = Summary.of(net);
    story.printf("%n%s%n%n", listing);
    Accuracy before = examine();
    TrainingResult training = fit(model);
    Accuracy after = examine();
    long bytes = model.save(ADAPTER, options.out());
    tell(before, after);
    story.printf("The adapter is %s, %,d bytes%n", options.out(), bytes);
    return new ClassifierResult(before, after, listing, training, bytes);
  }

  /** A classifier gives a number for each class, and the data must not have more. */
  static void checkOutputs(Module net, Examples examples) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Batch one = examples.train().gather(Ops.tensor(new long[] {0})).to(net.device());
      Tensor logits = net.forward(one.inputs());
      if (logits.dim() != 2 || logits.size(1) < examples.classes().size()) {
        throw new UserError(
            "the model gives %s for one example; expected [1, classes] for the %d classes of the data"
                .formatted(Ops.shapeOf(logits), examples.classes().size()));
      }
    }
  }

  private TrainingResult fit(LoraModel model) {
    TrainingListener atCheckpoints =
        new TrainingListener() {
          @Override
          public void onEpoch(int epoch) {
            model.save(ADAPTER, options.out());
            interruption.saved(options.out());
          }
        };
    try (AdamW adamW = new AdamW(options.lr());
        ProgressBar bar = new ProgressBar("LoRA")) {
      return Trainer.of(net, adamW)
          .epochs(options.epochs())
          .batchSize(options.batch())
          .seed(options.seed())
          .listener(TrainingListener.both(bar, atCheckpoints))
          .fit(examples.train(), workers);
    }
  }

  private Accuracy examine() {
    return Accuracy.of(net, examples.test(), examples.classes(), workers);
  }

  private void tell(Accuracy before, Accuracy after) {
    story.printf("%nAccuracy before and after%n");
    tell("all", before.all(), after.all());
    before
        .classes()
        .forEach((name, share) -> tell(name, share, after.classes().getOrDefault(name, 0.0)));
  }

  private void tell(String name, double before, double after) {
    story.printf(Locale.ROOT, "  %-12s %5.1f %% → %5.1f %%%n", name, 100 * before, 100 * after);
  }

  @Override
  public void close() {
    interruption.close();
    examples.close();
    workers.close();
  }
}
