package dev.lora4j.cli.demo;

import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.vision.ImageSet;
import dev.lora4j.vision.ImageSplits;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** The messages of a demo run. */
final class DemoMessages {
  private final PrintStream out;

  /** The size of the saved adapter, and the checks of its merging and disabling. */
  record Proof(long adapterBytes, double mergedDifference, boolean disabledIsBase) {}

  DemoMessages(PrintStream out) {
    this.out = out;
  }

  void line(String text) {
    out.println(text);
  }

  void images(ImageSplits images, Duration time) {
    out.printf(
        "%s, %d classes (%s)%n",
        sizes(images), images.classes().size(), NumberFormats.exactTime(time));
    warnings(images.warnings());
  }

  /** {@code 50,000 training images and 10,000 test images}. */
  static String sizes(ImageSplits images) {
    return String.format(
        Locale.ROOT,
        "%,d training images and %,d test images",
        images.train().size(),
        images.test().size());
  }

  void warnings(List<String> warnings) {
    warnings.forEach(warning -> out.println("Warning: " + warning));
  }

  Summary listing(Module network) {
    Summary summary = Summary.of(network);
    out.printf("%n%s%n", summary);
    return summary;
  }

  void baseBegins(ImageSet images) {
    out.printf("%nTraining the base on all %,d images%n", images.size());
  }

  void fineTuningBegins(ImageSet few, List<String> tuned) {
    out.printf(
        "%nFine-tuning the adapter on %s: %,d images%n", String.join(", ", tuned), few.size());
  }

  void updatesAreNotZero(LoraModel model) {
    out.println();
    model
        .layers()
        .forEach(
            (path, layer) ->
                out.printf(
                    "%s.B.weight has all zero weights: %s%n",
                    path, layer.deltaIsZero() ? "True" : "False"));
  }

  void accuracy(String title, Accuracy accuracy) {
    out.printf("%n%s%n", title);
    share("all", accuracy.all());
    accuracy.classes().forEach(this::share);
  }

  private void share(String name, double share) {
    out.printf("  %-12s %5.1f %%%n", name, 100 * share);
  }

  void change(Accuracy before, Accuracy after, List<String> tuned) {
    out.printf("%nAccuracy before and after fine-tuning%n");
    change("all", before.all(), after.all(), "");
    before
        .classes()
        .forEach(
            (name, share) -> {
              String remark = tuned.contains(name) ? "  fine-tuned" : "";
              change(name, share, after.mean(List.of(name)), remark);
            });
    change("fine-tuned", before.mean(tuned), after.mean(tuned), "");
  }

  private void change(String name, double before, double after, String remark) {
    out.printf("  %-12s %5.1f %% → %5.1f %%%s%n", name, 100 * before, 100 * after, remark);
  }

  void proof(Proof proof, Path adapter) {
    out.printf("%nSaved the adapter to %s, %,d bytes%n", adapter, proof.adapterBytes());
    out.printf("Merged: outputs differ by at most %.1e%n", proof.mergedDifference());
    out.printf(
        "Adapter disabled: outputs equal those of the base bit for bit: %s%n",
        proof.disabledIsBase() ? "True" : "False");
  }

  void end(Path report, Duration time) {
    out.printf("Report: %s (%s in total)%n", report, NumberFormats.exactTime(time));
  }
}
