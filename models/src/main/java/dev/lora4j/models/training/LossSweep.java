package dev.lora4j.models.training;

import dev.lora4j.models.text.MicroBatch;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.train.Workers;
import java.util.List;

/** Goes through batches to see how large their losses are, each shared among workers. */
final class LossSweep {
  /** Looks at a worker's share of a batch. */
  @FunctionalInterface
  interface Look {
    /** The share's loss, summed over its units. */
    double sum(int worker, MicroBatch share);
  }

  private LossSweep() {}

  /** The sum over all batches, taken in the workers' order, so that it is the same again. */
  static double sum(List<TextStep> batches, Workers workers, Look look) {
    double loss = 0;
    for (TextStep batch : batches) {
      loss += sumOf(batch.dealt(workers.count()), workers, look);
    }
    return loss;
  }

  private static double sumOf(List<MicroBatch> dealt, Workers workers, Look look) {
    double[] sums = new double[dealt.size()];
    workers.run(
        worker -> {
          if (worker < sums.length) {
            sums[worker] = look.sum(worker, dealt.get(worker));
          }
        });
    double sum = 0;
    for (double part : sums) {
      sum += part;
    }
    return sum;
  }
}
