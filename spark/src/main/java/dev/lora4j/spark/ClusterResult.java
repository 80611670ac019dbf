package dev.lora4j.spark;

import java.io.Serializable;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The result of a run.
 *
 * @param directory of the adapter
 * @param steps number of steps of the whole run
 * @param trainLoss mean over all steps
 * @param validLoss of the published adapter, NaN without validation examples
 * @param adapterStep step of the published adapter
 * @param tokens tokens in all steps
 * @param workers number of workers of all executors
 * @param transport {@code gloo}, {@code spark} or {@code none}
 * @param attempt number of the attempt that finished, from 0
 * @param resumedFrom step with which that attempt began
 * @param stepSeconds median time of a step of that attempt, its exchange included
 * @param exchangeSeconds median time of the exchange in a step, waiting for slower executors
 *     included
 * @param tokensPerSecond of all workers, in the steps of that attempt
 * @param messages sentences on data and adapter
 */
public record ClusterResult(
    String directory,
    long steps,
    double trainLoss,
    double validLoss,
    long adapterStep,
    long tokens,
    int workers,
    String transport,
    int attempt,
    long resumedFrom,
    double stepSeconds,
    double exchangeSeconds,
    double tokensPerSecond,
    List<String> messages)
    implements Serializable {
  private static final long serialVersionUID = 1;

  /** Copies the messages. */
  public ClusterResult {
    messages = List.copyOf(messages);
  }

  /** The validation loss of the published adapter, if there are validation examples. */
  public OptionalDouble validation() {
    return Double.isNaN(validLoss) ? OptionalDouble.empty() : OptionalDouble.of(validLoss);
  }
}
