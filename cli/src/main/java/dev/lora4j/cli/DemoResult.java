package dev.lora4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.report.DemoReport;
import dev.lora4j.cli.report.DemoSettings;
import dev.lora4j.models.training.Versions;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.TrainingResult;
import java.time.Duration;
import java.util.List;

/**
 * What a demo came to.
 *
 * @param settings what it was told to do
 * @param before accuracy of the base
 * @param after accuracy with the adapter
 * @param listingBefore the base's parameters
 * @param listingAfter the adapted network's parameters
 * @param base the base's training
 * @param lora the fine-tuning
 * @param proof what was checked of the adapter
 * @param loadSeconds time to load the images
 * @param totalSeconds time since the process began
 */
record DemoResult(
    DemoSettings settings,
    Accuracy before,
    Accuracy after,
    Summary listingBefore,
    Summary listingAfter,
    TrainingResult base,
    TrainingResult lora,
    Proof proof,
    double loadSeconds,
    double totalSeconds) {

  /**
   * What was checked of a trained adapter.
   *
   * @param adapterBytes size of the saved directory's files
   * @param mergedDifference largest difference between outputs with the adapter and merged
   * @param switchedOffIsBase whether outputs with the adapter off are the base's, bit for bit
   */
  record Proof(long adapterBytes, double mergedDifference, boolean switchedOffIsBase) {}

  String toJson() {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    put(root.putObject("before"), before);
    put(root.putObject("after"), after);
    root.putObject("parameters")
        .put("trainable", listingAfter.trainable())
        .put("untrainable", listingAfter.untrainable())
        .put("total", listingAfter.total())
        .put("percent", listingAfter.percentTrainable());
    root.putObject("seconds")
        .put("load", rounded(loadSeconds))
        .put("base", rounded(base.seconds()))
        .put("lora", rounded(lora.seconds()))
        .put("total", rounded(totalSeconds));
    root.putObject("steps_per_s")
        .put("base", Math.round(base.stepsPerSecond()))
        .put("lora", Math.round(lora.stepsPerSecond()));
    root.put("adapter_bytes", proof.adapterBytes());
    ProcessMemory.peakMegabytes()
        .ifPresentOrElse(mb -> root.put("peak_rss_mb", mb), () -> root.putNull("peak_rss_mb"));
    root.put("workers", settings.workers());
    root.put("seed", settings.seed());
    try {
      return mapper.writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an object that can't be written", e);
    }
  }

  /**
   * The same for people.
   *
   * @param data what the examples are, in words
   */
  DemoReport toReport(String data) {
    return new DemoReport(
        data,
        List.copyOf(before.classes().keySet()),
        settings.classes(),
        before,
        after,
        base.curve().points(),
        lora.curve().points(),
        listingBefore,
        listingAfter,
        new DemoReport.Times(
            duration(loadSeconds), base.duration(), lora.duration(), duration(totalSeconds)),
        base.stepsPerSecond(),
        lora.stepsPerSecond(),
        proof.adapterBytes(),
        proof.mergedDifference(),
        proof.switchedOffIsBase(),
        settings,
        Versions.all());
  }

  private static Duration duration(double seconds) {
    return Duration.ofNanos((long) (seconds * 1e9));
  }

  private static void put(ObjectNode node, Accuracy accuracy) {
    node.put("all", accuracy.all());
    ObjectNode classes = node.putObject("classes");
    accuracy.classes().forEach(classes::put);
  }

  private static double rounded(double seconds) {
    return Math.round(seconds * 100) / 100.0;
  }
}
