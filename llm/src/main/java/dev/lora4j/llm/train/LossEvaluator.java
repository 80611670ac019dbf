package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.MicroBatch;
import dev.lora4j.train.Workers;
import java.util.List;

/** Sums the losses of a batch's micro-batches, one for each worker. */
final class LossEvaluator {
  /** Loss of a worker's micro-batch, summed over its units. */
  @FunctionalInterface
  interface ShardLoss {
    double of(int worker, MicroBatch shard);
  }

  private LossEvaluator() {}

  /** The sum in the order of the workers, so that it is reproducible. */
  static double sum(List<MicroBatch> shards, Workers workers, ShardLoss loss) {
    return sum(shards, workers, List.of(), loss);
  }

  /**
   * The sum in the order of the workers.
   *
   * @param metrics of each shard; those of other processes are completed; empty if the loss has no
   *     metrics
   */
  static double sum(
      List<MicroBatch> shards, Workers workers, List<MeanMetrics> metrics, ShardLoss loss) {
    double[] sums = new double[shards.size()];
    workers.run(
        worker -> {
          if (worker < sums.length) {
            sums[worker] = loss.of(worker, shards.get(worker));
          }
        });
    if (workers.group().size() > 1) {
      new ShardExchange(workers, sums, metrics).complete();
    }
    double sum = 0;
    for (double part : sums) {
      sum += part;
    }
    return sum;
  }
}
