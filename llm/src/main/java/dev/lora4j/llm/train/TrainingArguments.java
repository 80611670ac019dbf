package dev.lora4j.llm.train;

import dev.lora4j.UserError;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.LoraPlus;
import dev.lora4j.train.AdamW;
import dev.lora4j.train.EvalAndSavePolicy;
import dev.lora4j.train.GroupedOptimizer;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.Schedule;
import java.util.Optional;

/**
 * Hyperparameters of a run. The same ones on the same data with the same number of workers give the
 * same run bit for bit.
 *
 * @param loraPlus the learning-rate ratio of B, if LoRA+ is used
 * @param maxGradNorm gradient clipping: maximum gradient norm; may be infinite
 * @param pace evaluation, early stopping and checkpoints
 */
public record TrainingArguments(
    TrainingDuration length,
    BatchConfig batching,
    AdamW.Settings optimizer,
    Optional<LoraPlus> loraPlus,
    Schedule schedule,
    double maxGradNorm,
    EvalAndSavePolicy pace,
    long seed) {
  public TrainingArguments {
    if (!(maxGradNorm > 0)) {
      throw new UserError("the maximum gradient norm must be more than 0, found " + maxGradNorm);
    }
  }

  /** One epoch, batch size 4, cosine schedule, maximum gradient norm 1, no weight decay, seed 0. */
  public static TrainingArguments of(double learningRate) {
    return new TrainingArguments(
        new TrainingDuration.Epochs(1),
        BatchConfig.of(4),
        AdamW.Settings.of(learningRate).weightDecay(0),
        Optional.empty(),
        Schedule.cosine(),
        1,
        EvalAndSavePolicy.byEpoch(),
        0);
  }

  /** A new AdamW with these settings, for the adapters of a model; the caller closes it. */
  public Optimizer newOptimizer(LoraModel model) {
    if (loraPlus.isEmpty()) {
      return new AdamW(optimizer);
    }
    return GroupedOptimizer.of(
        loraPlus.get().groups(model, optimizer.learningRate()),
        group ->
            new AdamW(
                new AdamW.Settings(
                    group.learningRate(),
                    optimizer.beta1(),
                    optimizer.beta2(),
                    optimizer.epsilon(),
                    group.weightDecay(optimizer.weightDecay()))));
  }

  public TrainingArguments epochs(int count) {
    return with(new TrainingDuration.Epochs(count));
  }

  public TrainingArguments steps(long count) {
    return with(new TrainingDuration.Steps(count));
  }

  private TrainingArguments with(TrainingDuration another) {
    return new TrainingArguments(
        another, batching, optimizer, loraPlus, schedule, maxGradNorm, pace, seed);
  }

  public TrainingArguments batching(BatchConfig another) {
    return new TrainingArguments(
        length, another, optimizer, loraPlus, schedule, maxGradNorm, pace, seed);
  }

  public TrainingArguments optimizer(AdamW.Settings another) {
    return new TrainingArguments(
        length, batching, another, loraPlus, schedule, maxGradNorm, pace, seed);
  }

  public TrainingArguments loraPlus(LoraPlus ratio) {
    return new TrainingArguments(
        length, batching, optimizer, Optional.of(ratio), schedule, maxGradNorm, pace, seed);
  }

  public TrainingArguments schedule(Schedule another) {
    return new TrainingArguments(
        length, batching, optimizer, loraPlus, another, maxGradNorm, pace, seed);
  }

  public TrainingArguments maxGradNorm(double norm) {
    return new TrainingArguments(length, batching, optimizer, loraPlus, schedule, norm, pace, seed);
  }

  public TrainingArguments pace(EvalAndSavePolicy another) {
    return new TrainingArguments(
        length, batching, optimizer, loraPlus, schedule, maxGradNorm, another, seed);
  }

  public TrainingArguments seed(long another) {
    return new TrainingArguments(
        length, batching, optimizer, loraPlus, schedule, maxGradNorm, pace, another);
  }
}
