package dev.lora4j.cli.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.LossCurve;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The measurements of a demo.
 *
 * @param data description of the data: {@code CIFAR-10, 50,000 training images and 10,000 test
 *     images}
 * @param fineTuned the classes whose examples the adapter was trained on
 * @param before accuracy of the base
 * @param after accuracy with the adapter
 * @param adapterBytes size of the adapter on disk
 * @param mergedDifference largest difference between an output with the adapter active and with the
 *     adapter merged
 * @param baseRestored true if, with the adapter disabled, the outputs equal those of the base
 */
public record DemoReport(
    String data,
    List<String> classNames,
    List<String> fineTuned,
    Accuracy before,
    Accuracy after,
    List<LossCurve.Point> baseLoss,
    List<LossCurve.Point> loraLoss,
    Summary parametersBefore,
    Summary parametersAfter,
    Times times,
    double baseStepsPerSecond,
    double loraStepsPerSecond,
    long adapterBytes,
    double mergedDifference,
    boolean baseRestored,
    DemoSettings settings,
    Map<String, String> versions) {

  /** The time to read the data, to train the base, to fine-tune, and in total. */
  public record Times(Duration load, Duration base, Duration lora, Duration total) {

    /** The time for start-up, evaluation and saving. */
    public Duration rest() {
      Duration rest = total.minus(load).minus(base).minus(lora);
      return rest.isNegative() ? Duration.ZERO : rest;
    }
  }

  /** Adds the measurements to a JSON object. */
  public void fill(ObjectNode root, OptionalLong peakMegabytes) {
    fill(root.putObject("before"), before);
    fill(root.putObject("after"), after);
    root.putObject("parameters")
        .put("trainable", parametersAfter.trainable())
        .put("untrainable", parametersAfter.untrainable())
        .put("total", parametersAfter.total())
        .put("percent", parametersAfter.percentTrainable());
    root.putObject("seconds")
        .put("load", rounded(times.load()))
        .put("base", rounded(times.base()))
        .put("lora", rounded(times.lora()))
        .put("total", rounded(times.total()));
    root.putObject("steps_per_s")
        .put("base", Math.round(baseStepsPerSecond))
        .put("lora", Math.round(loraStepsPerSecond));
    root.put("adapter_bytes", adapterBytes);
    peakMegabytes.ifPresentOrElse(
        mb -> root.put("peak_rss_mb", mb), () -> root.putNull("peak_rss_mb"));
    root.put("workers", settings.workers());
    root.put("seed", settings.seed());
  }

  private static void fill(ObjectNode node, Accuracy accuracy) {
    node.put("all", accuracy.all());
    ObjectNode classes = node.putObject("classes");
    accuracy.classes().forEach(classes::put);
  }

  private static double rounded(Duration time) {
    return Math.round(NumberFormats.seconds(time) * 100) / 100.0;
  }

  /** The classes absent from the fine-tuning data. */
  List<String> others() {
    return classNames.stream().filter(name -> !fineTuned.contains(name)).toList();
  }

  /** Returns the accuracy of a class; NaN if it was not measured. */
  static double share(Accuracy accuracy, String name) {
    return accuracy.classes().getOrDefault(name, Double.NaN);
  }

  /** Returns the mean accuracy of classes; NaN if none was measured. */
  static double mean(Accuracy accuracy, List<String> classes) {
    return classes.stream()
        .filter(accuracy.classes()::containsKey)
        .mapToDouble(accuracy.classes()::get)
        .average()
        .orElse(Double.NaN);
  }
}
