package dev.lora4j.cli;

import dev.lora4j.train.*;
import java.io.PrintStream;

final class ProgressBar {
  private ProgressBar() {}

  static TrainingListener on(PrintStream s, String l) {
    return TrainingListener.NONE;
  }
}
