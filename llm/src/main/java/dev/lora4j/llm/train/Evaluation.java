package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.MicroBatch;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;

/**
 * Mean loss of a language model on examples.
 *
 * @param nll the mean of {@code −log p(token)} over the loss tokens, in nats
 * @param tokens number of loss tokens
 * @param examples number of examples
 */
public record Evaluation(double nll, long tokens, long examples) {
  /** Maximum number of tokens in a batch, unless one example alone is longer. */
  private static final int MAX_BATCH_TOKENS = 4096;

  /** The perplexity, {@code exp(nll)}: the number of equally likely tokens with the same loss. */
  public double perplexity() {
    return Math.exp(nll);
  }

  /**
   * Evaluates with the active adapters. Examples of similar length form a batch; logits are
   * computed in chunks, for loss tokens only.
   *
   * @param model in evaluation mode
   * @param workers share each batch
   * @param progress receives the number of tokens of each batch
   * @throws UserError if there is no example, or one does not fit the model
   * @throws TrainingFailed if the loss is not finite
   */
  public static Evaluation of(
      LanguageModel model, List<Example> examples, Workers workers, LongConsumer progress) {
    check(model, examples);
    long tokens = examples.stream().mapToLong(Example::lossTokens).sum();
    List<ForwardBackward> passes = new ArrayList<>();
    try {
      for (int i = 0; i < workers.count(); i++) {
        passes.add(new ForwardBackward(model, false));
      }
      Device device = model.device();
      LossEvaluator.ShardLoss lossOf = (worker, shard) -> sum(passes.get(worker), shard, device);
      double loss = 0;
      for (GlobalBatch batch : batches(examples)) {
        loss += LossEvaluator.sum(batch.shard(workers.count()), workers, lossOf);
        progress.accept(batch.tokens());
      }
      return finite(new Evaluation(loss / tokens, tokens, examples.size()));
    } finally {
      passes.forEach(ForwardBackward::close);
    }
  }

  private static void check(LanguageModel model, List<Example> examples) {
    if (model.isTraining()) {
      throw new UserError("the model is in training mode; call train(false) before the evaluation");
    }
    if (examples.isEmpty()) {
      throw new UserError("no examples to evaluate on");
    }
    new CausalLmObjective(examples, List.of()).check(model, Integer.MAX_VALUE);
  }

  private static List<GlobalBatch> batches(List<Example> examples) {
    List<Example> sorted = new ArrayList<>(examples);
    sorted.sort(Comparator.comparingInt(Example::length).reversed());
    List<GlobalBatch> batches = new ArrayList<>();
    int from = 0;
    while (from < sorted.size()) {
      int rows = Math.max(1, MAX_BATCH_TOKENS / sorted.get(from).length());
      int to = Math.min(sorted.size(), from + rows);
      batches.add(new GlobalBatch(sorted.subList(from, to).stream().map(List::of).toList()));
      from = to;
    }
    return batches;
  }

  private static double sum(ForwardBackward pass, MicroBatch shard, Device device) {
    double sum = 0;
    try (PointerScope scope = new PointerScope()) {
      for (float loss : Ops.floats(pass.losses(ModelInputs.of(shard, device)))) {
        sum += loss;
      }
    }
    return sum;
  }

  private static Evaluation finite(Evaluation evaluation) {
    if (!Double.isFinite(evaluation.nll)) {
      throw new TrainingFailed(
          "the mean loss is "
              + evaluation.nll
              + ": the weights or an adapter contain NaN or infinity");
    }
    return evaluation;
  }
}
