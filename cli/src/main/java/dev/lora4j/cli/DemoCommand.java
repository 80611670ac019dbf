package dev.lora4j.cli;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.cli.demo.Demo;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.report.DemoReport;
import dev.lora4j.cli.report.DemoSettings;
import dev.lora4j.cli.show.ProcessStats;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** LoRA on a small network, from training the base to merging the adapter. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    header = {"Train, adapt and fine-tune a small ConvNet, and write a report.", ""},
    description = {
      "",
      "Trains a small ConvNet, adds a LoRA adapter, fine-tunes the adapter alone on a few classes,"
          + " and compares the accuracy before and after.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora demo",
      "  lora demo --data synthetic --classes ring,star --rank 8 --alpha 16",
      "  lora demo --data my-images.zip --out my-report",
      "  lora demo --json > result.json"
    })
final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--data",
      paramLabel = "auto|cifar10|synthetic|PATH",
      description = {
        "Images: auto, cifar10, synthetic, or a path (default: ${DEFAULT-VALUE}). auto is CIFAR-10"
            + " if cached or downloadable, otherwise synthetic.",
        "A path is a folder or zip of {train,test}/{class}/*.{jpg,png}, or CIFAR-10's binary"
            + " archive or its folder."
      })
  private String data = "auto";

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Number of epochs for the base" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private int epochs = 2;

  @Option(
      names = "--lora-epochs",
      paramLabel = "N",
      description = "Number of epochs for the adapter" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private int loraEpochs = 2;

  @Option(names = "--batch-size", paramLabel = "N", description = "Batch size" + DEFAULT)
  @Range(from = 1, to = Range.MILLION)
  private int batch = 4;

  @Option(
      names = {"--lr", "--learning-rate"},
      paramLabel = "X",
      description = "Learning rate for the base" + DEFAULT)
  @Range(above = 0)
  private double lr = 0.001;

  @Option(
      names = "--lora-lr",
      paramLabel = "X",
      description = "Learning rate for the adapter" + DEFAULT)
  @Range(above = 0)
  private double loraLr = 0.0001;

  @Option(names = "--rank", paramLabel = "N", description = "LoRA rank" + DEFAULT)
  @Range(from = 1, to = Range.RANK)
  private int rank = 4;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      description = "LoRA alpha: the update is scaled by alpha/rank" + DEFAULT)
  @Range(above = 0, to = Range.MILLION)
  private double alpha = 4;

  @Option(
      names = "--classes",
      paramLabel = "NAME,…",
      split = ",",
      hideParamSyntax = true,
      description =
          "Classes to fine-tune on (default: bird,cat,dog if present, otherwise the last three).")
  private List<String> classes = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed for initialisation and data order" + DEFAULT)
  private long seed;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--device", paramLabel = "cpu|cuda", description = "Device" + DEFAULT)
  private String device = "cpu";

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Output directory for the report and the weights" + DEFAULT)
  private Path out = Path.of("lora-report");

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    DemoSettings settings =
        new DemoSettings(
            data,
            epochs,
            loraEpochs,
            batch,
            lr,
            loraLr,
            rank,
            alpha,
            classes,
            seed,
            workers,
            device,
            out);
    try (Demo demo = new Demo(settings, output.messages())) {
      DemoReport report = demo.run();
      output.show(root -> report.fill(root, ProcessStats.peakMegabytes()), out -> {});
      return 0;
    }
  }
}
