package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.TrainingResult;

/**
 * What the training of a classifier's adapter came to.
 *
 * @param before accuracy of the base
 * @param after accuracy with the adapter
 * @param listing the adapted network's parameters
 * @param training the training
 * @param adapterBytes size of the adapter's files
 */
record ClassifierResult(
    Accuracy before, Accuracy after, Summary listing, TrainingResult training, long adapterBytes) {

  void fill(ObjectNode root) {
    fill(root.putObject("before"), before);
    fill(root.putObject("after"), after);
    root.putObject("parameters")
        .put("trainable", listing.trainable())
        .put("total", listing.total());
    root.put("steps", training.steps());
    root.put("seconds", training.seconds());
    root.put("steps_per_s", training.stepsPerSecond());
    root.put("adapter_bytes", adapterBytes);
    ProcessMemory.peakMegabytes().ifPresent(megabytes -> root.put("peak_rss_mb", megabytes));
  }

  static void fill(ObjectNode node, Accuracy accuracy) {
    node.put("all", accuracy.all());
    ObjectNode classes = node.putObject("classes");
    accuracy.classes().forEach(classes::put);
  }
}
