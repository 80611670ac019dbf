package dev.lora4j.cli;

import dev.lora4j.UserError;
import java.nio.file.Path;
import java.util.List;

/**
 * What a demo is told to do.
 *
 * @param data {@code auto}, {@code cifar10}, {@code synthetic} or a path
 * @param epochs epochs of the base's training
 * @param loraEpochs epochs of the fine-tuning
 * @param batch examples a step
 * @param lr learning rate of the base's training
 * @param loraLr learning rate of the fine-tuning
 * @param rank LoRA's r
 * @param alpha LoRA's alpha
 * @param classes the classes to fine-tune on; empty for the data's own choice
 * @param seed decides initial weights and the order of examples
 * @param workers threads that share a step
 * @param device where to compute
 * @param out directory of the report and the saved files
 */
record DemoSettings(
    String data,
    int epochs,
    int loraEpochs,
    int batch,
    double lr,
    double loraLr,
    int rank,
    double alpha,
    List<String> classes,
    long seed,
    int workers,
    String device,
    Path out) {

  DemoSettings {
    atLeastOne("--epochs", epochs);
    atLeastOne("--lora-epochs", loraEpochs);
    atLeastOne("--batch", batch);
    atLeastOne("--rank", rank);
    atLeastOne("--workers", workers);
    positive("--lr", lr);
    positive("--lora-lr", loraLr);
    positive("--alpha", alpha);
    classes = List.copyOf(classes);
  }

  private static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw new UserError(option + " must be at least 1, found " + value);
    }
  }

  private static void positive(String option, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new UserError(option + " must be a number above 0, found " + value);
    }
  }
}
