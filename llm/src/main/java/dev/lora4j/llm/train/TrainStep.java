package dev.lora4j.llm.train;

import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.GlobalBatch;
import dev.lora4j.llm.dataset.MicroBatch;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.CostModel;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.train.DataParallelGradients;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.TrainingLoop;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One data-parallel training step with gradient accumulation and gradient clipping. For each batch,
 * every worker adds the gradients of its micro-batch, weighted by its share of the mean loss.
 */
final class TrainStep implements AutoCloseable {
  private static final long MIX = 0x9E3779B97F4A7C15L; // decorrelates seeds of neighbouring steps
  private static final int MAX_NAMES = 8;

  private final TrainingJob job;
  private final Objective objective;
  private final Workers workers;
  private final DataParallelGradients gradients;
  private final Device device;
  private final List<ForwardBackward> passes = new ArrayList<>();

  /**
   * The outcome of a step.
   *
   * @param loss summed over the objective's units
   * @param gradientNorm before clipping
   * @param metrics the objective's own, by name
   */
  record Outcome(double loss, long units, double gradientNorm, Map<String, Double> metrics) {}

  TrainStep(TrainingJob job, Objective objective, Workers workers, Optimizer optimizer) {
    this.job = job;
    this.objective = objective;
    this.workers = workers;
    List<Parameter> trainable =
        job.model().parameters(job.adapter()).stream().filter(Parameter::isTrainable).toList();
    gradients = new DataParallelGradients(trainable, optimizer, workers);
    device = job.network().device();
    for (int i = 0; i < workers.own(); i++) {
      passes.add(
          new ForwardBackward(job.network(), job.settings().batching().activationCheckpointing()));
    }
  }

  DataParallelGradients gradients() {
    return gradients;
  }

  private ForwardBackward pass(int worker) {
    return passes.get(worker - workers.first());
  }

  // ---- training ----

  /** Takes one optimizer step; if a loss or the gradient is not finite, it changes nothing. */
  Outcome take(long number, GlobalBatch step) {
    long units = objective.normalizer(step);
    List<GlobalBatch> batches = step.batches(job.settings().batching().batchSize());
    MeanMetrics metrics = new MeanMetrics();
    double loss = 0;
    int workersUsed = 0;
    for (int i = 0; i < batches.size(); i++) {
      List<MicroBatch> shards = batches.get(i).shard(workers.count());
      workersUsed = Math.max(workersUsed, shards.size());
      long seed = MIX * (MIX * (job.settings().seed() + 1) + number) + i;
      Scoring scoring = Scoring.of(shards, units, baseline(batches.get(i)));
      double sum = accumulate(shards, seed, scoring);
      scoring.metrics().forEach(metrics::addAll);
      if (!Double.isFinite(sum)) {
        gradients.forget();
        throw new TrainingFailed(
            "the loss is %s at step %d, batch %d of %d (%s); try a lower learning rate"
                .formatted(sum, number, i + 1, batches.size(), names(batches.get(i))));
      }
      loss += sum;
    }
    double norm = gradients.step(workersUsed, job.settings().maxGradNorm());
    if (!Double.isFinite(norm)) {
      throw new TrainingFailed(
          "the gradient norm is %s at step %d (%s); try a lower learning rate"
              .formatted(norm, number, names(step)));
    }
    return new Outcome(loss, units, norm, metrics.means());
  }

  /** The scoring of a batch: its normaliser and baseline, and the metrics of each shard. */
  private record Scoring(long units, double baseline, List<MeanMetrics> metrics) {
    static Scoring of(List<MicroBatch> shards, long units, double baseline) {
      return new Scoring(units, baseline, shards.stream().map(shard -> new MeanMetrics()).toList());
    }
  }

  private double accumulate(List<MicroBatch> shards, long seed, Scoring scoring) {
    return LossEvaluator.sum(
        shards,
        workers,
        scoring.metrics(),
        (worker, shard) -> {
          double[] sum = new double[1];
          Runnable work = () -> sum[0] = accumulate(worker, shard, MIX * (seed + worker), scoring);
          boolean alone =
              shards.size() == 1 && shard.layout().size() >= CostModel.SPLIT_OPERATORS_MIN_TOKENS;
          gradients.in(worker, alone ? () -> Engine.onThreads(workers.own(), work) : work);
          return sum[0];
        });
  }

  private double accumulate(int worker, MicroBatch batch, long seed, Scoring scoring) {
    double[] sum = new double[1];
    try (PointerScope scope = new PointerScope();
        AdapterScope adapter = job.model().using(job.adapter())) {
      ModelInputs inputs = ModelInputs.of(batch, device);
      float[] reference = objective.needsReference() ? reference(worker, inputs) : new float[0];
      pass(worker)
          .backward(
              inputs,
              seed,
              scores -> {
                float[] weights = new float[batch.numLossTokens()];
                TokenLosses losses = new TokenLosses(batch, scores, reference, scoring.baseline());
                objective.addMetrics(losses, scoring.metrics().get(worker));
                sum[0] = objective.lossAndGradientWeights(losses, weights);
                return meanWeights(weights, scoring.units(), scores.losses().device());
              });
    }
    return sum[0];
  }

  private static Tensor meanWeights(float[] weights, long units, Device device) {
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= units;
    }
    return Ops.tensor(weights, weights.length).to(device, ScalarType.Float);
  }

  // ---- without gradient ----

  /** Returns the validation loss. The network must be in evaluation mode. */
  TrainingLoop.Evaluated evaluate(List<GlobalBatch> batches) {
    long units = batches.stream().mapToLong(objective::normalizer).sum();
    MeanMetrics metrics = new MeanMetrics();
    double loss = 0;
    for (GlobalBatch batch : batches) {
      List<MicroBatch> shards = batch.shard(workers.count());
      Scoring scoring = Scoring.of(shards, units, baseline(batch));
      loss +=
          LossEvaluator.sum(
              shards,
              workers,
              scoring.metrics(),
              (worker, shard) -> {
                TokenLosses losses =
                    score(worker, shard, objective.needsReference(), scoring.baseline());
                objective.addMetrics(losses, scoring.metrics().get(worker));
                return objective.lossAndGradientWeights(losses, new float[losses.count()]);
              });
      scoring.metrics().forEach(metrics::addAll);
    }
    return new TrainingLoop.Evaluated(loss / units, metrics.means());
  }

  /** Returns the mean log-ratio of the objective's extra examples. */
  private double baseline(GlobalBatch batch) {
    int maxTokens =
        Math.min(job.settings().batching().maxSeqLength(), job.network().maxPositions());
    List<Example> examples = objective.baselineExamples(batch, maxTokens);
    if (examples.isEmpty()) {
      return 0;
    }
    List<MicroBatch> shards =
        new GlobalBatch(examples.stream().map(List::of).toList()).shard(workers.count());
    double sum =
        LossEvaluator.sum(
            shards,
            workers,
            (worker, shard) -> DoubleStream.of(score(worker, shard, true, 0).logRatios()).sum());
    return sum / examples.size();
  }

  private TokenLosses score(int worker, MicroBatch batch, boolean withReference, double baseline) {
    try (PointerScope scope = new PointerScope();
        AdapterScope adapter = job.model().using(job.adapter())) {
      ModelInputs inputs = ModelInputs.of(batch, device);
      ChunkedCrossEntropy.TokenScores policy = pass(worker).score(inputs);
      float[] reference = withReference ? reference(worker, inputs) : new float[0];
      return new TokenLosses(batch, policy, reference, baseline);
    }
  }

  /** Returns the losses of the base model without the adapter, and without dropout. */
  private float[] reference(int worker, ModelInputs inputs) {
    try (PointerScope scope = new PointerScope();
        AdapterScope base = job.model().disabled()) {
      return Ops.floats(pass(worker).losses(inputs));
    }
  }

  // ---- messages ----

  private String names(GlobalBatch step) {
    Set<Example> inStep = Collections.newSetFromMap(new IdentityHashMap<>());
    inStep.addAll(step.examples());
    List<Example> all = objective.examples();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if (inStep.contains(all.get(i))) {
        names.add(objective.nameOf(i));
      }
    }
    String shown = String.join(", ", names.subList(0, Math.min(MAX_NAMES, names.size())));
    return names.size() > MAX_NAMES
        ? shown + " and " + (names.size() - MAX_NAMES) + " more"
        : shown;
  }

  @Override
  public void close() {
    passes.forEach(ForwardBackward::close);
    gradients.close();
  }
}
