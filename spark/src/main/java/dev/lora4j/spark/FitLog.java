package dev.lora4j.spark;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs the result of a fit, since an estimator of MLlib returns the model only. */
final class FitLog {
  private static final Logger LOG = LoggerFactory.getLogger(LoraEstimator.class);

  private FitLog() {}

  static void write(String uid, ClusterResult result) {
    result.messages().forEach(message -> LOG.info("{}: {}", uid, message));
    LOG.info(
        "{}: {} steps with {} workers, training loss {}, validation loss {}, adapter in {}",
        uid,
        result.steps(),
        result.workers(),
        result.trainLoss(),
        result.validLoss(),
        result.directory());
  }
}
