package dev.lora4j.bench;

import dev.lora4j.lora.Lora;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.torchscript.TorchScriptModel;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.Sgd;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.Workers;
import dev.lora4j.vision.ConvNet;
import dev.lora4j.vision.ImageSet;
import dev.lora4j.vision.ImageSplits;
import dev.lora4j.vision.SyntheticShapes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A comparison of LoRA on the Java ConvNet and on the same one from TorchScript. */
@Command(
    name = "script",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description =
        "Compares LoRA steps on a scripted ConvNet and on the Java ConvNet, without a cache.",
    footer = {"", "Example:", "  bench/run script --rounds 9"})
final class ScriptBench implements Callable<Integer> {
  private static final int BATCH = 4;
  private static final double MOMENTUM = 0.9;

  @Option(names = "--script", description = "The demo's ConvNet as a TorchScript file.")
  private Path script =
      Path.of(
          "torchscript", "src", "test", "resources", "fixtures", "script", "convnet.scripted.pt");

  @Option(names = "--rounds", description = "Number of paired runs, with seeds from 0.")
  private int rounds = 9;

  /** The result of one fine-tuning run. */
  private record Run(double stepsPerSecond, double accuracy) {}

  @Override
  public Integer call() {
    try (Workers workers = Workers.ofAllCores();
        ImageSplits images = SyntheticShapes.usual().load(workers.count());
        ConvNet base = trainedBase(images, workers);
        ImageSet few = images.train().only(images.fineTuneClasses())) {
      System.out.println("| round | Java, steps/s | script, steps/s | ratio | accuracies |");
      System.out.println("| --- | --- | --- | --- | --- |");
      List<Double> ratios = new ArrayList<>();
      for (int round = 0; round <= rounds; round++) {
        Run[] pair = pair(round, base, images, few, workers);
        if (round > 0) { // the first round warms up
          ratios.add(pair[1].stepsPerSecond() / pair[0].stepsPerSecond());
          print(round, pair[0], pair[1]);
        }
      }
      double median = ratios.stream().sorted().skip(rounds / 2).findFirst().orElseThrow();
      System.out.printf(Locale.ROOT, "%nmedian ratio %.2f%n", median);
    }
    return 0;
  }

  private static ConvNet trainedBase(ImageSplits images, Workers workers) {
    Engine.seed(0);
    ConvNet net = new ConvNet(images.classes().size());
    try (Sgd sgd = new Sgd(1e-3, MOMENTUM)) {
      Trainer.of(net, sgd).epochs(2).batchSize(BATCH).fit(images.train(), workers);
    }
    return net;
  }

  private Run[] pair(int round, ConvNet base, ImageSplits images, ImageSet few, Workers workers) {
    Supplier<Run> java =
        () -> run(round, new ConvNet(images.classes().size()), base, images, few, workers);
    Supplier<Run> scripted =
        () -> run(round, TorchScriptModel.load(script), base, images, few, workers);
    if (round % 2 == 0) {
      return new Run[] {java.get(), scripted.get()};
    }
    Run first = scripted.get();
    return new Run[] {java.get(), first};
  }

  private static Run run(
      int seed, Module net, ConvNet base, ImageSplits images, ImageSet few, Workers workers) {
    try (net;
        Sgd sgd = new Sgd(1e-4, MOMENTUM);
        Workers alone = new Workers(1)) {
      net.loadStateDict(base.stateDict());
      Engine.seed(seed);
      Lora.adapt(net, LoraConfig.rank(4).alpha(4));
      double stepsPerSecond =
          Trainer.of(net, sgd)
              .epochs(2)
              .batchSize(BATCH)
              .seed(seed)
              .cacheBytes(0)
              .fit(few, alone)
              .stepsPerSecond();
      Accuracy after = Accuracy.of(net, images.test(), images.classes(), workers);
      return new Run(stepsPerSecond, after.mean(images.fineTuneClasses()));
    }
  }

  private static void print(int round, Run java, Run scripted) {
    System.out.printf(
        Locale.ROOT,
        "| %d | %.0f | %.0f | %.2f | %.3f, %.3f |%n",
        round,
        java.stepsPerSecond(),
        scripted.stepsPerSecond(),
        scripted.stepsPerSecond() / java.stepsPerSecond(),
        java.accuracy(),
        scripted.accuracy());
  }
}
