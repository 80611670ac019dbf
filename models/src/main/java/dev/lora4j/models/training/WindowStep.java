package dev.lora4j.models.training;

import dev.lora4j.lora.AdapterScope;
import dev.lora4j.models.text.Example;
import dev.lora4j.models.text.MicroBatch;
import dev.lora4j.models.text.TextStep;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.Optimizer;
import dev.lora4j.train.SharedGradients;
import dev.lora4j.train.TrainingFailed;
import dev.lora4j.train.Workers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * One step, again and again: batch after batch the workers add to their gradients, each by the
 * share of the whole step that its losses are, and then the optimizer steps by the sum.
 */
final class WindowStep implements AutoCloseable {
  private static final long MIX = 0x9E3779B97F4A7C15L; // so that near numbers seed far apart
  private static final int NAMED = 8;

  private final TuningRequest request;
  private final Objective objective;
  private final Workers workers;
  private final SharedGradients gradients;
  private final Device device;
  private final List<Backprop> passes = new ArrayList<>();

  /**
   * What a step came to.
   *
   * @param loss summed over the step's units
   * @param units tokens with loss, or pairs
   * @param gradientNorm of the mean's gradient
   */
  record Outcome(double loss, long units, double gradientNorm) {}

  WindowStep(TuningRequest request, Objective objective, Workers workers, Optimizer optimizer) {
    this.request = request;
    this.objective = objective;
    this.workers = workers;
    List<Parameter> learning =
        request.model().parameters(request.adapter()).stream()
            .filter(Parameter::isTrainable)
            .toList();
    gradients = new SharedGradients(learning, optimizer, workers.count());
    device = request.network().device();
    for (int i = 0; i < workers.count(); i++) {
      passes.add(new Backprop(request.network(), request.settings().batching().recompute()));
    }
  }

  SharedGradients gradients() {
    return gradients;
  }

  // ---- learning ----

  /**
   * Steps once.
   *
   * @param number from 1 on
   * @throws TrainingFailed if losses or gradients are no numbers; the parameters are as before then
   */
  Outcome take(long number, TextStep window) {
    long units = objective.units(window);
    List<TextStep> batches = window.pieces(request.settings().batching().rows());
    double loss = 0;
    int shares = 0;
    for (int i = 0; i < batches.size(); i++) {
      List<MicroBatch> dealt = batches.get(i).dealt(workers.count());
      shares = Math.max(shares, dealt.size());
      long seed = MIX * (MIX * (request.settings().seed() + 1) + number) + i;
      double sum = learn(dealt, seed, units);
      if (!Double.isFinite(sum)) {
        gradients.forget();
        throw new TrainingFailed(
            "the loss is %s at step %d, batch %d of %d (%s); try a lower learning rate"
                .formatted(sum, number, i + 1, batches.size(), names(batches.get(i))));
      }
      loss += sum;
    }
    double norm = gradients.step(shares, request.settings().longestGradient());
    if (!Double.isFinite(norm)) {
      throw new TrainingFailed(
          "the gradient's norm is %s at step %d (%s); try a lower learning rate"
              .formatted(norm, number, names(window)));
    }
    return new Outcome(loss, units, norm);
  }

  private double learn(List<MicroBatch> dealt, long seed, long units) {
    double[] sums = new double[dealt.size()];
    workers.run(
        worker -> {
          if (worker < sums.length) {
            long own = MIX * (seed + worker);
            gradients.in(worker, () -> sums[worker] = learn(worker, dealt.get(worker), own, units));
          }
        });
    return sum(sums);
  }

  private double learn(int worker, MicroBatch batch, long seed, long units) {
    double[] sum = new double[1];
    try (PointerScope scope = new PointerScope();
        AdapterScope adapter = request.model().using(request.adapter())) {
      ModelInputs rows = ModelInputs.of(batch, device);
      float[] ofBase = ofBase(worker, rows);
      passes
          .get(worker)
          .backward(
              rows,
              seed,
              losses -> {
                float[] weights = new float[batch.numLossTokens()];
                sum[0] = objective.judge(batch, Ops.floats(losses), ofBase, weights);
                return ofMean(weights, units, losses.device());
              });
    }
    return sum[0];
  }

  private static Tensor ofMean(float[] weights, long units, Device device) {
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= units;
    }
    return Ops.tensor(weights, weights.length).to(device, ScalarType.Float);
  }

  /** What the base, without the adapter, makes of the same tokens; nothing is dropped there. */
  private float[] ofBase(int worker, ModelInputs rows) {
    if (!objective.comparesWithBase()) {
      return new float[0];
    }
    try (PointerScope scope = new PointerScope();
        AdapterScope bare = request.model().disabled()) {
      return Ops.floats(passes.get(worker).losses(rows));
    }
  }

  // ---- looking ----

  /** The mean loss of what was held back. The network must be in evaluation mode. */
  double evaluate(List<TextStep> batches) {
    long units = batches.stream().mapToLong(objective::units).sum();
    return LossSweep.sum(batches, workers, this::look) / units;
  }

  private double look(int worker, MicroBatch batch) {
    try (PointerScope scope = new PointerScope();
        AdapterScope adapter = request.model().using(request.adapter())) {
      ModelInputs rows = ModelInputs.of(batch, device);
      float[] losses = Ops.floats(passes.get(worker).losses(rows));
      return objective.judge(batch, losses, ofBase(worker, rows), new float[losses.length]);
    }
  }

  private static double sum(double[] parts) { // in the workers' order, so that it is the same again
    double sum = 0;
    for (double part : parts) {
      sum += part;
    }
    return sum;
  }

  // ---- telling ----

  private String names(TextStep step) {
    Set<Example> inStep = Collections.newSetFromMap(new IdentityHashMap<>());
    inStep.addAll(step.examples());
    List<Example> all = objective.examples();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if (inStep.contains(all.get(i))) {
        names.add(objective.nameOf(i));
      }
    }
    String shown = String.join(", ", names.subList(0, Math.min(NAMED, names.size())));
    return names.size() > NAMED ? shown + " and " + (names.size() - NAMED) + " more" : shown;
  }

  @Override
  public void close() {
    passes.forEach(Backprop::close);
    gradients.close();
  }
}
