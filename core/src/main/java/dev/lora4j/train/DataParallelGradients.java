package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.nn.GradientBuffer;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Data-parallel gradients: each worker accumulates those of its shard, and the optimizer steps by
 * their sum in the order of the workers, so that a step is reproducible bit for bit.
 */
public final class DataParallelGradients implements AutoCloseable {
  private static final String PARAMETERS = "parameters";
  private static final String IDLE = "idle";
  private static final String OPTIMIZER = "optimizer.";
  private static final double NORM_EPSILON = 1e-6; // as in PyTorch's clip_grad_norm_

  private final Optimizer optimizer;
  private final List<Parameter> trainable;
  private final Tensor block; // [n]: the values of all parameters
  private final List<GradientBuffer> views = new ArrayList<>();
  private final List<Parameter> idle; // without a gradient so far: no weight decay, as in PyTorch

  /**
   * Moves the parameters into one block.
   *
   * @param optimizer stays the caller's
   * @param workers maximum number of shards
   * @throws UserError if nothing is trainable
   */
  public DataParallelGradients(List<Parameter> trainable, Optimizer optimizer, int workers) {
    this.optimizer = optimizer;
    this.trainable = optimizer.arrange(trainable);
    block = oneBlock(this.trainable);
    idle = new ArrayList<>(this.trainable);
    for (int i = 0; i < workers; i++) {
      views.add(new GradientBuffer(this.trainable));
    }
  }

  /** Moves the parameters into one contiguous block, so that one operation updates all. */
  private static Tensor oneBlock(List<Parameter> parameters) {
    if (parameters.isEmpty()) {
      throw new UserError("nothing to train: every parameter is frozen");
    }
    try (PointerScope scope = new PointerScope()) {
      long total = parameters.stream().mapToLong(Parameter::numel).sum();
      Tensor block =
          Ops.keep(torch.empty(new long[] {total}, parameters.get(0).value().options(), null));
      long offset = 0;
      for (Parameter parameter : parameters) {
        parameter.moveInto(block.narrow(0, offset, parameter.numel()));
        offset += parameter.numel();
      }
      return block;
    }
  }

  /** {@code [n]}: the values of all parameters. */
  Tensor parameters() {
    return block;
  }

  /** Runs work whose backward passes add to a worker's gradients. */
  public void in(int worker, Runnable work) {
    GradientBuffer view = views.get(worker);
    view.enter();
    try {
      work.run();
    } finally {
      view.leave();
    }
  }

  /** Takes a step by the sum of the first shards and resets them. */
  public void step(int shares) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      update(sum(shares));
    }
  }

  /**
   * Takes a step with gradient clipping (Pascanu et al. 2013, arXiv:1211.5063, algorithm 1);
   * returns the norm before clipping. If it is not finite, the parameters stay as they are.
   */
  public double step(int shares, double longest) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor sum = sum(shares);
      double norm = sum.norm().item_double();
      if (!Double.isFinite(norm)) {
        sum.zero_();
        return norm;
      }
      if (norm > longest) {
        sum.mul_(new Scalar(longest / (norm + NORM_EPSILON)));
      }
      update(sum);
      return norm;
    }
  }

  private Tensor sum(int shares) {
    Tensor sum = views.get(0).gradient();
    for (int i = 1; i < shares; i++) {
      sum.add_(views.get(i).gradient());
      views.get(i).gradient().zero_();
    }
    return sum;
  }

  private void update(Tensor gradient) {
    if (optimizer.decays()) {
      stepLeavingIdle(gradient);
    } else {
      optimizer.step(block, gradient);
    }
    trainable.forEach(Parameter::changed);
    gradient.zero_();
  }

  private void stepLeavingIdle(Tensor gradient) {
    idle.removeIf(parameter -> views.stream().anyMatch(view -> view.hasGradient(parameter)));
    List<Tensor> asBefore = idle.stream().map(parameter -> parameter.value().clone()).toList();
    optimizer.step(block, gradient);
    for (int i = 0; i < idle.size(); i++) {
      idle.get(i).copyFrom(asBefore.get(i));
    }
  }

  /** Resets the accumulated gradients. */
  public void forget() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      views.forEach(view -> view.gradient().zero_());
    }
  }

  // ---- resuming ----

  /** Returns parameters and optimizer state, which the caller's scope or this object owns. */
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    state.put(PARAMETERS, block);
    long[] isIdle = trainable.stream().mapToLong(p -> idle.contains(p) ? 1 : 0).toArray();
    state.put(IDLE, Ops.tensor(isIdle));
    optimizer.state().forEach((name, tensor) -> state.put(OPTIMIZER + name, tensor));
    return state;
  }

  /**
   * Restores a state.
   *
   * @throws UserError if it belongs to other parameters or another optimizer
   */
  public void restore(Map<String, Tensor> state) {
    Tensor values = sized(state, PARAMETERS, block.numel());
    long[] isIdle = Ops.longs(sized(state, IDLE, trainable.size()));
    optimizer.restore(OptimizerChecks.below(OPTIMIZER, state));
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      block.copy_(values);
    }
    trainable.forEach(Parameter::changed);
    idle.clear();
    for (int i = 0; i < isIdle.length; i++) {
      if (isIdle[i] != 0) {
        idle.add(trainable.get(i));
      }
    }
  }

  private static Tensor sized(Map<String, Tensor> state, String name, long size) {
    Tensor found = state.get(name);
    if (found == null || found.numel() != size) {
      throw new UserError(
          "training state: expected '%s' with %d values, found %s"
              .formatted(name, size, found == null ? "none" : Long.toString(found.numel())));
    }
    return found;
  }

  @Override
  public void close() {
    views.forEach(GradientBuffer::close);
    block.deallocate(); // the parameters keep the memory alive
  }
}
