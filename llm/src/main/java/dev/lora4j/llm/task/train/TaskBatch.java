package dev.lora4j.llm.task.train;

import dev.lora4j.llm.dataset.LoadBalancer;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.nn.runtime.CostModel;
import java.util.List;

/**
 * A batch, divided among workers by cost.
 *
 * @param shards the examples of each worker; none is empty
 */
record TaskBatch(List<List<TaskExample>> shards) {

  static TaskBatch of(List<TaskExample> examples, int workers) {
    long[] costs = examples.stream().mapToLong(TaskBatch::cost).toArray();
    return new TaskBatch(
        LoadBalancer.byCost(costs, workers).stream()
            .filter(share -> !share.isEmpty())
            .map(share -> share.stream().sorted().map(examples::get).toList())
            .toList());
  }

  private static long cost(TaskExample example) {
    long cost = 0;
    for (TokenSequence text : example.texts()) {
      long length = text.length();
      cost += length + length * length / CostModel.ATTENTION_TOKENS_IN_TRAINING;
    }
    return cost;
  }

  /** All examples, worker after worker: the order of the outputs. */
  List<TaskExample> examples() {
    return shards.stream().flatMap(List::stream).toList();
  }

  /** The texts of a worker's examples. */
  List<TokenSequence> texts(int worker) {
    return shards.get(worker).stream().flatMap(example -> example.texts().stream()).toList();
  }
}
