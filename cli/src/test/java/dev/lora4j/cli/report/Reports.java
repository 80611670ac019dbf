package dev.lora4j.cli.report;

import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.LossCurve;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Demo reports: one like that of CIFAR-10, and variants. */
final class Reports {
  static final List<String> CLASSES =
      List.of("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
  static final List<String> TUNED = List.of("bird", "cat", "dog");

  private Reports() {}

  static DemoReport cifar10() {
    return of("CIFAR-10: 50,000 training images, 10,000 test images", CLASSES, TUNED);
  }

  static DemoReport of(String data, List<String> classes, List<String> tuned) {
    Summary adapted = new Summary(3_272, 74_838, listing("untrainable"));
    return of(data, classes, tuned, before(classes), after(classes), adapted, 1.91e-6, true);
  }

  /** A report in which the accuracy over all classes rises. */
  static DemoReport swapped() {
    Summary adapted = new Summary(3_272, 74_838, "");
    return of("", CLASSES, TUNED, after(CLASSES), before(CLASSES), adapted, 0, true);
  }

  static DemoReport withParameters(Summary adapted) {
    return of("", CLASSES, TUNED, before(CLASSES), after(CLASSES), adapted, 0, true);
  }

  /** A report in which merging and disabling are inexact, and classes were not measured. */
  static DemoReport broken() {
    Accuracy few = new Accuracy(0.5, Map.of("cat", 0.5), 1);
    return of("", CLASSES, TUNED, few, few, new Summary(0, 0, ""), 0.25, false);
  }

  static DemoReport withoutCurves() {
    DemoReport report = cifar10();
    return new DemoReport(
        report.data(),
        report.classNames(),
        report.fineTuned(),
        report.before(),
        report.after(),
        List.of(),
        List.of(),
        report.parametersBefore(),
        report.parametersAfter(),
        report.times(),
        report.baseStepsPerSecond(),
        report.loraStepsPerSecond(),
        report.adapterBytes(),
        report.mergedDifference(),
        report.baseRestored(),
        report.settings(),
        report.versions());
  }

  private static DemoReport of(
      String data,
      List<String> classes,
      List<String> tuned,
      Accuracy before,
      Accuracy after,
      Summary adapted,
      double mergedDifference,
      boolean baseRestored) {
    return new DemoReport(
        data,
        classes,
        tuned,
        before,
        after,
        curve(25_000, 2.3, 1.24, 0.16),
        curve(7_500, 1.62, 0.86, 0.12),
        new Summary(74_838, 0, listing("trainable")),
        adapted,
        new DemoReport.Times(
            Duration.ofMillis(1_830),
            Duration.ofMillis(31_400),
            Duration.ofMillis(2_210),
            Duration.ofMillis(38_900)),
        796.2,
        3_393.7,
        14_236,
        mergedDifference,
        baseRestored,
        new DemoSettings(
            "cifar10", 2, 2, 4, 1e-3, 1e-4, 4, 4, tuned, 0, 2, "cpu", Path.of("lora-report")),
        versions());
  }

  private static Accuracy before(List<String> classes) {
    return accuracy(
        classes, 0.554, 0.58, 0.72, 0.392, 0.418, 0.501, 0.426, 0.655, 0.61, 0.662, 0.58);
  }

  private static Accuracy after(List<String> classes) {
    return accuracy(
        classes, 0.262, 0.041, 0.022, 0.719, 0.583, 0.071, 0.585, 0.19, 0.203, 0.11, 0.052);
  }

  /** A loss that falls linearly. */
  static List<LossCurve.Point> line(int points) {
    return IntStream.range(0, points).mapToObj(i -> new LossCurve.Point(i, points - i)).toList();
  }

  private static Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("lora4j", "0.1.0");
    versions.put("libtorch", "2.10.0");
    versions.put("JavaCPP", "1.5.13");
    versions.put("Java", "17.0.15");
    return versions;
  }

  private static Accuracy accuracy(List<String> classes, double all, double... shares) {
    Map<String, Double> byClass = new LinkedHashMap<>();
    for (int i = 0; i < classes.size(); i++) {
      byClass.put(classes.get(i), shares[i % shares.length]);
    }
    return new Accuracy(all, byClass, 1);
  }

  static List<LossCurve.Point> curve(long steps, double from, double to, double noise) {
    Random random = new Random(steps);
    List<LossCurve.Point> points = new ArrayList<>();
    for (int i = 1; i <= 200; i++) {
      double mean = to + (from - to) * Math.exp(-i / 45.0);
      points.add(new LossCurve.Point(steps * i / 200, mean + noise * random.nextGaussian() / 2));
    }
    return points;
  }

  private static String listing(String state) {
    return """
        Layers:
        - conv1.weight of size torch.Size([6, 3, 5, 5]) -> %1$s
        - fc3.bias of size torch.Size([10]) -> %1$s
        Total parameters: 74838"""
        .formatted(state);
  }
}
