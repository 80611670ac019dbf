package dev.lora4j.cli;

import dev.lora4j.data.DataSource;
import dev.lora4j.data.ImageFolder;
import dev.lora4j.data.ImageSet;
import dev.lora4j.data.ImageSource;
import dev.lora4j.data.ImageSplits;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.models.ConvNet;
import dev.lora4j.nn.Devices;
import dev.lora4j.nn.Engine;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingListener;
import dev.lora4j.train.TrainingResult;
import dev.lora4j.train.Workers;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Device;

/**
 * The story: train a network, adapt it, fine-tune the low-rank matrices on a few classes, compare,
 * save, merge, and switch back.
 */
final class Demo {
  private static final double MOMENTUM = 0.9;
  private static final int SIDE = 32;
  private static final long PROBED_IMAGES = 64;
  private static final String ADAPTER = "default";

  private final DemoSettings settings;
  private final PrintStream story;
  private final Path baseFile;
  private final Path adapterDirectory;

  Demo(DemoSettings settings, PrintStream story) {
    this.settings = settings;
    this.story = story;
    baseFile = settings.out().resolve("base.safetensors");
    adapterDirectory = settings.out().resolve("adapter");
  }

  DemoResult run() {
    Device device = Devices.named(settings.device());
    Engine.seed(settings.seed());
    long start = System.nanoTime();
    ImageSource source = findImages();
    try (ImageSplits images = source.load(settings.workers());
        Workers workers = new Workers(settings.workers());
        ConvNet net = new ConvNet(images.classes().size())) {
      double loadSeconds = secondsSince(start);
      tellImages(images, loadSeconds);
      net.to(device);
      return run(net, images, workers, loadSeconds);
    }
  }

  private DemoResult run(ConvNet net, ImageSplits images, Workers workers, double loadSeconds) {
    List<String> tuned =
        settings.classes().isEmpty() ? images.fineTuneClasses() : settings.classes();
    try (ImageSet few = images.train().only(tuned);
        Probe probe = Probe.of(images.test(), PROBED_IMAGES, net.device())) {
      Summary listingBefore = tellListing(net);
      TrainingResult base = trainBase(net, images.train(), workers);
      Accuracy before = Accuracy.of(net, images.test(), images.classes(), workers);
      tellAccuracy("Accuracy of the base", before);
      probe.remember(net);

      LoraModel model =
          Lora.adapt(net, settings.rank(), settings.alpha(), net.device(), story::println);
      Summary listingAfter = tellListing(net);
      TrainingResult lora = fineTune(model, few, tuned, workers);
      tellThatTheyLearned(model);
      Accuracy after = Accuracy.of(net, images.test(), images.classes(), workers);
      tellChange(before, after, tuned);
      DemoResult.Proof proof = prove(model, probe);

      DemoResult result =
          new DemoResult(
              settings,
              tuned,
              before,
              after,
              listingBefore,
              listingAfter,
              base,
              lora,
              proof,
              loadSeconds,
              secondsSinceStart());
      tellReport(result);
      return result;
    }
  }

  // ---- the steps ----

  private ImageSource findImages() {
    DataSource found = DataSource.of(settings.data(), (bytes, total) -> {});
    found.note().ifPresent(story::println);
    ImageSource images =
        found.images() instanceof ImageFolder folder
            ? folder.resizedTo(SIDE, SIDE)
            : found.images();
    story.println("Images: " + images.describe());
    return images;
  }

  private TrainingResult trainBase(ConvNet net, ImageSet images, Workers workers) {
    story.printf("%nTraining the base on all %,d images%n", images.size());
    try (Sgd sgd = new Sgd(settings.lr(), MOMENTUM)) {
      return trainer(
              net,
              sgd,
              "base",
              () -> SafetensorsWriter.write(baseFile, net.stateDict(), Map.of("format", "pt")))
          .epochs(settings.epochs())
          .fit(images, workers);
    }
  }

  private TrainingResult fineTune(
      LoraModel model, ImageSet few, List<String> tuned, Workers workers) {
    story.printf(
        "%nFine-tuning the low-rank matrices on %s: %,d images%n",
        String.join(", ", tuned), few.size());
    try (Sgd sgd = new Sgd(settings.loraLr(), MOMENTUM)) {
      return trainer(model.base(), sgd, "LoRA", () -> model.save(ADAPTER, adapterDirectory))
          .epochs(settings.loraEpochs())
          .fit(few, workers);
    }
  }

  private Trainer trainer(Module network, Sgd sgd, String label, Runnable checkpoint) {
    return Trainer.of(network, sgd)
        .batchSize(settings.batch())
        .seed(settings.seed())
        .listener(TrainingListener.both(ProgressBar.on(System.err, label), afterEpoch(checkpoint)));
  }

  private static TrainingListener afterEpoch(Runnable checkpoint) {
    return new TrainingListener() {
      @Override
      public void onEpoch(int epoch) {
        checkpoint.run();
      }
    };
  }

  /** Saves the adapter; merges it, and switches it off, and compares outputs. */
  private DemoResult.Proof prove(LoraModel model, Probe probe) {
    long bytes = model.save(ADAPTER, adapterDirectory);
    boolean isBase;
    try (AdapterScope scope = model.disabled()) {
      isBase = probe.isAsRemembered(model.base());
    }
    probe.remember(model.base());
    model.merge();
    double difference = probe.difference(model.base());
    model.unmerge();
    story.printf("%nThe adapter is %s, %,d bytes%n", adapterDirectory, bytes);
    story.printf("Merged into the weights: outputs differ by at most %.1e%n", difference);
    story.printf("Switched off: outputs equal the base's bit for bit: %s%n", isBase);
    return new DemoResult.Proof(bytes, difference, isBase);
  }

  // ---- the telling ----

  private void tellImages(ImageSplits images, double seconds) {
    story.printf(
        "%,d images to train on, %,d to test on, %d classes (%.1f s)%n",
        images.train().size(), images.test().size(), images.classes().size(), seconds);
    images.warnings().forEach(warning -> story.println("Warning: " + warning));
  }

  private Summary tellListing(Module network) {
    Summary summary = Summary.of(network);
    story.printf("%n%s%n", summary);
    return summary;
  }

  private void tellThatTheyLearned(LoraModel model) {
    story.println();
    model
        .layers()
        .forEach(
            (path, layer) ->
                story.printf(
                    "%s.B.weight has all zero weights: %s%n",
                    path, layer.updateIsZero() ? "True" : "False"));
  }

  private void tellAccuracy(String title, Accuracy accuracy) {
    story.printf("%n%s%n", title);
    story.printf("  %-12s %5.1f %%%n", "all", 100 * accuracy.all());
    accuracy
        .classes()
        .forEach((name, share) -> story.printf("  %-12s %5.1f %%%n", name, 100 * share));
  }

  private void tellChange(Accuracy before, Accuracy after, List<String> tuned) {
    story.printf("%nAccuracy before and after fine-tuning%n");
    tellChange("all", before.all(), after.all(), "");
    before
        .classes()
        .forEach(
            (name, share) -> {
              String remark = tuned.contains(name) ? "  tuned" : "";
              tellChange(name, share, after.mean(List.of(name)), remark);
            });
    tellChange("tuned", before.mean(tuned), after.mean(tuned), "");
  }

  private void tellChange(String name, double before, double after, String remark) {
    story.printf("  %-12s %5.1f %% → %5.1f %%%s%n", name, 100 * before, 100 * after, remark);
  }

  private void tellReport(DemoResult result) {
    DemoReport.write(result, settings.out()).forEach(w -> story.println("Warning: " + w));
    story.printf(
        "Report: %s (%.1f s in all)%n",
        settings.out().resolve("report.html"), result.totalSeconds());
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }

  private static double secondsSinceStart() {
    Instant start = ProcessHandle.current().info().startInstant().orElseGet(Instant::now);
    return Duration.between(start, Instant.now()).toMillis() / 1e3;
  }
}
