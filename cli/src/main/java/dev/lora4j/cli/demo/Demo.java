package dev.lora4j.cli.demo;

import dev.lora4j.UserError;
import dev.lora4j.cli.progress.DownloadProgress;
import dev.lora4j.cli.progress.Interruption;
import dev.lora4j.cli.progress.TrainingProgress;
import dev.lora4j.cli.report.DemoReport;
import dev.lora4j.cli.report.DemoSettings;
import dev.lora4j.cli.report.ReportWriter;
import dev.lora4j.cli.show.ProcessStats;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.llm.recipe.Versions;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Summary;
import dev.lora4j.nn.runtime.Devices;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingResult;
import dev.lora4j.train.Workers;
import dev.lora4j.vision.ConvNet;
import dev.lora4j.vision.DataSource;
import dev.lora4j.vision.ImageFolder;
import dev.lora4j.vision.ImageSet;
import dev.lora4j.vision.ImageSource;
import dev.lora4j.vision.ImageSplits;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Device;

/**
 * Trains a network, adds an adapter, fine-tunes the adapter on a few classes, compares, saves,
 * merges, and unmerges. A checkpoint is written after each epoch.
 */
public final class Demo implements AutoCloseable {
  private static final double MOMENTUM = 0.9;
  private static final int SIDE = 32;
  private static final long PROBED_IMAGES = 64;
  private static final String ADAPTER = "default";

  private final DemoSettings settings;
  private final DemoMessages messages;
  private final Interruption interruption;
  private final Path baseFile;
  private final Path adapterDirectory;
  private String source = "";

  public Demo(DemoSettings settings, PrintStream out) {
    this.settings = settings;
    messages = new DemoMessages(out);
    interruption = new Interruption();
    baseFile = settings.out().resolve("base.safetensors");
    adapterDirectory = settings.out().resolve("adapter");
  }

  public DemoReport run() {
    requireWritable(settings.out());
    Device device = Devices.named(settings.device());
    Engine.seed(settings.seed());
    ImageSource source = findImages();
    long start = System.nanoTime();
    try (ImageSplits images = source.load(settings.workers());
        ConvNet net = new ConvNet(images.classes().size())) {
      Duration load = Duration.ofNanos(System.nanoTime() - start);
      messages.images(images, load);
      net.to(device);
      return run(net, images, load);
    }
  }

  private DemoReport run(ConvNet net, ImageSplits images, Duration load) {
    List<String> tuned = tuned(images);
    try (ImageSet few = images.train().only(tuned);
        Workers workers = new Workers(settings.workers());
        OutputProbe probe = OutputProbe.of(images.test(), PROBED_IMAGES, net.device())) {
      Summary listingBefore = messages.listing(net);
      TrainingResult base = trainBase(net, images.train(), workers);
      Accuracy before = Accuracy.of(net, images.test(), images.classes(), workers);
      messages.accuracy("Accuracy of the base", before);
      probe.remember(net);

      LoraModel model =
          Lora.adapt(net, settings.rank(), settings.alpha(), net.device(), messages::line);
      Summary listingAfter = messages.listing(net);
      TrainingResult lora = fineTune(model, few, tuned);
      messages.updatesAreNotZero(model);
      Accuracy after = Accuracy.of(net, images.test(), images.classes(), workers);
      messages.change(before, after, tuned);
      DemoMessages.Proof proof = prove(model, probe);
      messages.proof(proof, adapterDirectory);

      DemoReport report =
          new DemoReport(
              source + ", " + DemoMessages.sizes(images),
              List.copyOf(before.classes().keySet()),
              tuned,
              before,
              after,
              base.curve().points(),
              lora.curve().points(),
              listingBefore,
              listingAfter,
              new DemoReport.Times(load, base.duration(), lora.duration(), ProcessStats.elapsed()),
              base.stepsPerSecond(),
              lora.stepsPerSecond(),
              proof.adapterBytes(),
              proof.mergedDifference(),
              proof.disabledIsBase(),
              settings,
              Versions.all());
      write(report);
      return report;
    }
  }

  private List<String> tuned(ImageSplits images) {
    return settings.classes().isEmpty() ? images.fineTuneClasses() : settings.classes();
  }

  private void write(DemoReport report) {
    ReportWriter.Written written = ReportWriter.write(settings.out(), report);
    messages.warnings(written.warnings());
    messages.end(written.page(), report.times().total());
  }

  private static void requireWritable(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UserError("--out: cannot create the directory " + directory + ": " + e, e);
    }
    if (!Files.isWritable(directory)) {
      throw new UserError("--out: cannot write to " + directory);
    }
  }

  private ImageSource findImages() {
    DataSource found;
    try (DownloadProgress progress = new DownloadProgress()) {
      found = DataSource.of(settings.data(), progress);
    }
    found.note().ifPresent(messages::line);
    ImageSource images =
        found.images() instanceof ImageFolder folder
            ? folder.resizedTo(SIDE, SIDE)
            : found.images();
    source = images.describe();
    messages.line("Images: " + source);
    return images;
  }

  private TrainingResult trainBase(ConvNet net, ImageSet images, Workers workers) {
    messages.baseBegins(images);
    try (Sgd sgd = new Sgd(settings.learningRate(), MOMENTUM);
        TrainingProgress bar = new TrainingProgress("base")) {
      return trainer(net, sgd, bar, () -> saveBase(net))
          .epochs(settings.epochs())
          .fit(images, workers);
    }
  }

  /**
   * Fine-tunes on one worker: the first layers are frozen and their outputs cached, so a step takes
   * about 200 µs, too little to divide among threads. The other core prepares the examples.
   */
  private TrainingResult fineTune(LoraModel model, ImageSet few, List<String> tuned) {
    messages.fineTuningBegins(few, tuned);
    try (Sgd sgd = new Sgd(settings.loraLearningRate(), MOMENTUM);
        TrainingProgress bar = new TrainingProgress("LoRA");
        Workers alone = new Workers(1)) {
      return trainer(model.base(), sgd, bar, () -> saveAdapter(model))
          .epochs(settings.loraEpochs())
          .fit(few, alone);
    }
  }

  private Trainer trainer(Module network, Sgd sgd, TrainingProgress bar, Runnable checkpoint) {
    TrainingCallback atCheckpoints =
        new TrainingCallback() {
          @Override
          public void onEpoch(int epoch) {
            checkpoint.run();
          }
        };
    return Trainer.of(network, sgd)
        .batchSize(settings.batch())
        .seed(settings.seed())
        .callback(TrainingCallback.all(bar, atCheckpoints));
  }

  private void saveBase(ConvNet net) {
    SafetensorsWriter.write(baseFile, net.stateDict(), Map.of("format", "pt"));
    interruption.saved(baseFile);
  }

  private long saveAdapter(LoraModel model) {
    long bytes = model.save(ADAPTER, adapterDirectory);
    interruption.saved(adapterDirectory);
    return bytes;
  }

  private DemoMessages.Proof prove(LoraModel model, OutputProbe probe) {
    boolean isBase;
    try (AdapterScope off = model.disabled()) {
      isBase = probe.isAsRemembered(model.base());
    }
    probe.remember(model.base());
    model.merge();
    double difference = probe.difference(model.base());
    model.unmerge();
    return new DemoMessages.Proof(saveAdapter(model), difference, isBase);
  }

  @Override
  public void close() {
    interruption.close();
  }
}
