package dev.lora4j.llm.task.train;

import dev.lora4j.llm.dataset.LengthGroups;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.data.TaskExample;
import dev.lora4j.llm.task.model.OutputSweep;
import dev.lora4j.llm.task.score.TaskScorer;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.DataParallelGradients;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.TrainingLoop;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * One data-parallel training step with gradient accumulation and gradient clipping. A loss that
 * compares examples is computed from the outputs of all workers, others by each worker for its own
 * examples; the gradients equal those of one worker.
 */
final class TaskStep implements AutoCloseable {
  private static final long MIX = 0x9E3779B97F4A7C15L; // decorrelates seeds of neighbouring steps

  private final TaskJob job;
  private final Workers workers;
  private final DataParallelGradients gradients;
  private final List<TaskPass> passes = new ArrayList<>();

  /**
   * The outcome of a step.
   *
   * @param loss the mean over the step
   * @param gradientNorm before clipping
   */
  record Outcome(double loss, double gradientNorm) {}

  TaskStep(TaskJob job, Workers workers, Optimizer optimizer) {
    this.job = job;
    this.workers = workers;
    List<Parameter> trainable =
        job.model().parameters(job.adapter()).stream().filter(Parameter::isTrainable).toList();
    gradients = new DataParallelGradients(trainable, optimizer, workers.count());
    for (int i = 0; i < workers.count(); i++) {
      passes.add(new TaskPass(job.network()));
    }
  }

  DataParallelGradients gradients() {
    return gradients;
  }

  // ---- training ----

  /** Takes one optimizer step; if a loss or the gradient is not finite, it changes nothing. */
  Outcome take(long number, List<TaskExample> step) {
    double normalizer = job.objective().loss().normalizer(step);
    List<List<TaskExample>> batches =
        LengthGroups.chunks(step, job.settings().batching().batchSize());
    double sum = 0;
    int workersUsed = 0;
    for (int i = 0; i < batches.size(); i++) {
      TaskBatch batch = TaskBatch.of(batches.get(i), workers.count());
      workersUsed = Math.max(workersUsed, batch.shards().size());
      long seed = MIX * (MIX * (job.settings().seed() + 1) + number) + i;
      double loss = accumulate(batch, seed, normalizer);
      if (!Double.isFinite(loss)) {
        gradients.forget();
        throw new TrainingFailed(
            "the loss is %s at step %d; try a lower learning rate".formatted(loss, number));
      }
      sum += loss;
    }
    double norm = gradients.step(workersUsed, job.settings().maxGradNorm());
    if (!Double.isFinite(norm)) {
      throw new TrainingFailed(
          "the gradient norm is %s at step %d; try a lower learning rate".formatted(norm, number));
    }
    return new Outcome(sum / normalizer, norm);
  }

  /** Adds the gradients of a batch and returns its loss, summed over its units. */
  private double accumulate(TaskBatch batch, long seed, double normalizer) {
    return job.objective().loss().comparesExamples()
        ? accumulateJointly(batch, seed, normalizer)
        : accumulateByWorker(batch, seed, normalizer);
  }

  /** No worker waits for the others between its forward and its backward. */
  private double accumulateByWorker(TaskBatch batch, long seed, double normalizer) {
    double[] sums = new double[batch.shards().size()];
    workers.run(
        worker -> {
          if (worker < sums.length) {
            sums[worker] = forwardAndBackward(batch, worker, seed, normalizer);
          }
        });
    return Arrays.stream(sums).sum();
  }

  private double forwardAndBackward(TaskBatch batch, int worker, long seed, double normalizer) {
    Tensor[] outputs = new Tensor[batch.shards().size()];
    try {
      forward(batch, worker, seed, outputs);
      Tensor[] own = {outputs[worker]};
      try (OutputGradient loss =
          OutputGradient.of(batch.shards().get(worker), own, job.objective().loss(), normalizer)) {
        if (Double.isFinite(loss.sum())) {
          gradients.in(worker, () -> passes.get(worker).backward(loss.ofShards().get(0)));
        }
        return loss.sum();
      }
    } finally {
      passes.get(worker).discard();
      Stream.of(outputs).filter(Objects::nonNull).forEach(Tensor::deallocate);
    }
  }

  private double accumulateJointly(TaskBatch batch, long seed, double normalizer) {
    Tensor[] outputs = new Tensor[batch.shards().size()];
    try {
      workers.run(worker -> forward(batch, worker, seed, outputs));
      try (OutputGradient loss =
          OutputGradient.of(batch.examples(), outputs, job.objective().loss(), normalizer)) {
        if (Double.isFinite(loss.sum())) {
          workers.run(worker -> backward(worker, loss.ofShards()));
        }
        return loss.sum();
      }
    } finally {
      workers.run(worker -> passes.get(worker).discard());
      Stream.of(outputs).filter(Objects::nonNull).forEach(Tensor::deallocate);
    }
  }

  private void forward(TaskBatch batch, int worker, long seed, Tensor[] outputs) {
    if (worker < outputs.length) {
      List<TokenSequence> texts = batch.texts(worker);
      gradients.in(
          worker,
          () -> {
            try (AdapterScope adapter = job.model().using(job.adapter())) {
              outputs[worker] = passes.get(worker).forward(texts, MIX * (seed + worker));
            }
          });
    }
  }

  private void backward(int worker, List<Tensor> gradientOfShards) {
    if (worker < gradientOfShards.size()) {
      gradients.in(worker, () -> passes.get(worker).backward(gradientOfShards.get(worker)));
    }
  }

  // ---- without gradient ----

  /** Evaluates with the job's adapter. The network must be in evaluation mode. */
  TrainingLoop.Evaluated evaluate(List<TaskExample> examples) {
    List<float[][]> outputs =
        new OutputSweep(job.network(), () -> job.model().using(job.adapter()))
            .run(examples.stream().map(TaskExample::texts).toList(), workers, count -> {});
    TaskObjective objective = job.objective();
    int batchSize = job.settings().batching().batchSize();
    double sum = 0;
    for (int from = 0; from < examples.size(); from += batchSize) {
      int to = Math.min(examples.size(), from + batchSize);
      sum += loss(examples.subList(from, to), outputs.subList(from, to));
    }
    return new TrainingLoop.Evaluated(
        sum / objective.loss().normalizer(examples),
        new TaskScorer(objective.task(), objective.labels(), 1).score(examples, outputs).metrics());
  }

  private double loss(List<TaskExample> examples, List<float[][]> outputs) {
    float[][] rows = outputs.stream().flatMap(Arrays::stream).toArray(float[][]::new);
    float[] values = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, values, i * rows[0].length, rows[0].length);
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor all = Ops.tensor(values, rows.length, rows[0].length);
      return job.objective().loss().sum(all, examples).item_double();
    }
  }

  @Override
  public void close() {
    passes.forEach(TaskPass::close);
    gradients.close();
  }
}
