package dev.lora4j.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** How long, how fast and where to a training goes. */
final class TrainingOptions {
  @Option(names = "--epochs", paramLabel = "N", description = "How often each example is seen.")
  private int epochs = 3;

  @Option(names = "--batch", paramLabel = "N", description = "Examples a step.")
  private int batch = 16;

  @Option(names = "--lr", paramLabel = "X", description = "Learning rate of AdamW.")
  private double lr = 0.001;

  @Option(names = "--seed", paramLabel = "N", description = "Initial matrices and order follow.")
  private long seed;

  @Option(names = "--workers", paramLabel = "N", description = "Threads that share a step.")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--device", paramLabel = "cpu|cuda", description = "Where to compute.")
  private String device = "cpu";

  @Option(names = "--out", paramLabel = "DIR", description = "Where the adapter goes.")
  private Path out = Path.of("lora-adapter");

  int epochs() {
    return epochs;
  }

  int batch() {
    return batch;
  }

  double lr() {
    return lr;
  }

  long seed() {
    return seed;
  }

  int workers() {
    return workers;
  }

  String device() {
    return device;
  }

  Path out() {
    return out;
  }
}
