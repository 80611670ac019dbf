package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.ProcessMemory;
import dev.lora4j.nn.Summary;
import dev.lora4j.train.TrainingResult;

/**
 * The result of training an adapter for a TorchScript model.
 *
 * @param before test score of the base
 * @param after test score with the adapter
 * @param listing parameters of the adapted network
 * @param training the training
 * @param adapterBytes size of the adapter files
 */
public record ExampleTrainingResult(
    TestScore before,
    TestScore after,
    Summary listing,
    TrainingResult training,
    long adapterBytes) {

  public void fill(ObjectNode root) {
    before.fill(root.putObject("before"));
    after.fill(root.putObject("after"));
    root.putObject("parameters")
        .put("trainable", listing.trainable())
        .put("total", listing.total());
    root.put("steps", training.steps());
    root.put("seconds", training.seconds());
    root.put("steps_per_s", training.stepsPerSecond());
    root.put("adapter_bytes", adapterBytes);
    ProcessMemory.peakMegabytes().ifPresent(megabytes -> root.put("peak_rss_mb", megabytes));
  }
}
