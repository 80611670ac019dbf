package dev.lora4j.cli;

import dev.lora4j.cli.report.DemoSettings;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** Tells the story of LoRA on a small network, from training to the merged adapter. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    description = {
      "Trains a small ConvNet, LoRA-adapts it, fine-tunes only the low-rank matrices on a few"
          + " classes, and compares. Writes a report with pictures.",
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
      description =
          "auto is CIFAR-10 if cached or downloadable, else synthetic. PATH is a folder or zip of"
              + " {train,test}/{class}/*.{jpg,png}, or CIFAR-10's binary archive or its folder.")
  private String data = "auto";

  @Option(names = "--epochs", paramLabel = "N", description = "Epochs of the base's training.")
  private int epochs = 2;

  @Option(names = "--lora-epochs", paramLabel = "N", description = "Epochs of the fine-tuning.")
  private int loraEpochs = 2;

  @Option(names = "--batch", paramLabel = "N", description = "Examples a step.")
  private int batch = 4;

  @Option(names = "--lr", paramLabel = "X", description = "Learning rate of the base's training.")
  private double lr = 0.001;

  @Option(names = "--lora-lr", paramLabel = "X", description = "Learning rate of the fine-tuning.")
  private double loraLr = 0.0001;

  @Option(names = "--rank", paramLabel = "N", description = "Rank of the low-rank matrices.")
  private int rank = 4;

  @Option(names = "--alpha", paramLabel = "X", description = "The update is scaled by alpha/rank.")
  private double alpha = 4;

  @Option(
      names = "--classes",
      paramLabel = "NAME",
      split = ",",
      showDefaultValue = Visibility.NEVER,
      description =
          "Classes to fine-tune on; bird,cat,dog where the data has them, else its last three.")
  private List<String> classes = new ArrayList<>();

  @Option(names = "--seed", paramLabel = "N", description = "Initial weights and order follow.")
  private long seed;

  @Option(names = "--workers", paramLabel = "N", description = "Threads that share a step.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--device", paramLabel = "cpu|cuda", description = "Where to compute.")
  private String device = "cpu";

  @Option(names = "--out", paramLabel = "DIR", description = "Where report and files go.")
  private Path out = Path.of("lora-report");

  @Option(names = "--json", description = "Print one JSON object; all else goes to stderr.")
  private boolean json;

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
    PrintStream story = json ? System.err : System.out;
    try (Demo demo = new Demo(settings, story)) {
      DemoResult result = demo.run();
      if (json) {
        System.out.println(result.toJson());
      }
      return 0;
    }
  }
}
