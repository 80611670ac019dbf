package dev.lora4j.cli.report;

import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.LossCurve;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a demo measured.
 *
 * @param data what the examples are, in words: {@code CIFAR-10, 50,000 images to train on and
 *     10,000 to test}
 * @param classNames all classes in order
 * @param fineTuned the classes whose examples the adapter was trained on
 * @param before accuracy of the base
 * @param after accuracy with the adapter
 * @param baseLoss the base's loss over its steps
 * @param loraLoss the adapter's
 * @param parametersBefore the base's parameters
 * @param parametersAfter the adapted network's
 * @param times how long it took
 * @param baseStepsPerSecond speed of the base's training
 * @param loraStepsPerSecond speed of fine-tuning
 * @param adapterBytes size of the adapter's weights on disk
 * @param mergedDifference largest difference between an output with the adapter beside the weights
 *     and with the adapter merged into them
 * @param baseRestored whether the outputs are the base's again, bit for bit, with the adapter off
 * @param settings what it was run with
 * @param versions what it was run by: name to version
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

  public DemoReport {
    classNames = List.copyOf(classNames);
    fineTuned = List.copyOf(fineTuned);
    baseLoss = List.copyOf(baseLoss);
    loraLoss = List.copyOf(loraLoss);
    versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
  }

  /**
   * How long it took.
   *
   * @param load reading the data
   * @param base training the base
   * @param lora fine-tuning
   * @param total from start to end, the rest included
   */
  public record Times(Duration load, Duration base, Duration lora, Duration total) {

    /** All that is neither loading nor training: starting, measuring, saving. */
    public Duration rest() {
      Duration rest = total.minus(load).minus(base).minus(lora);
      return rest.isNegative() ? Duration.ZERO : rest;
    }
  }

  /** The classes that fine-tuning didn't see. */
  List<String> others() {
    return classNames.stream().filter(name -> !fineTuned.contains(name)).toList();
  }

  /** A class's accuracy; NaN if it was not measured. */
  static double share(Accuracy accuracy, String name) {
    return accuracy.classes().getOrDefault(name, Double.NaN);
  }

  /** Mean of these classes' accuracies; NaN if none was measured. */
  static double mean(Accuracy accuracy, List<String> classes) {
    return classes.stream()
        .filter(accuracy.classes()::containsKey)
        .mapToDouble(accuracy.classes()::get)
        .average()
        .orElse(Double.NaN);
  }
}
