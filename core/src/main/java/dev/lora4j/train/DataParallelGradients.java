package dev.lora4j.train;

import dev.lora4j.UserError;
import dev.lora4j.nn.GradientBuffer;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.train.group.ProcessGroup;
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
 * their sum in the order of the workers, so that a step is reproducible bit for bit. In a {@link
 * ProcessGroup}, the workers of all processes share the step, and each process takes it.
 */
public final class DataParallelGradients implements AutoCloseable {
  private static final String PARAMETERS = "parameters";
  private static final String IDLE = "idle";
  private static final String OPTIMIZER = "optimizer.";
  private static final double NORM_EPSILON = 1e-6; // as in PyTorch's clip_grad_norm_

  private final Optimizer optimizer;
  private final List<Parameter> trainable;
  private final Tensor block; // [n]: the values of all parameters
  private final ProcessGroup group;
  private final int first; // worker of this process
  private final List<GradientBuffer> views = new ArrayList<>(); // of this process's workers
  private final List<Parameter> idle; // without a gradient so far: no weight decay, as in PyTorch

  /**
   * Moves the parameters into one block.
   *
   * @param optimizer stays the caller's
   * @param workers maximum number of shards
   * @throws UserError if nothing is trainable
   */
  public DataParallelGradients(List<Parameter> trainable, Optimizer optimizer, int workers) {
    this(trainable, optimizer, ProcessGroup.SINGLE, 0, workers);
  }

  /**
   * Moves the parameters into one block.
   *
   * @param optimizer stays the caller's
   * @param workers those of a process group share the step with the other processes
   * @throws UserError if nothing is trainable
   */
  public DataParallelGradients(List<Parameter> trainable, Optimizer optimizer, Workers workers) {
    this(trainable, optimizer, workers.group(), workers.first(), workers.own());
  }

  private DataParallelGradients(
      List<Parameter> trainable, Optimizer optimizer, ProcessGroup group, int first, int own) {
    this.group = group;
    this.first = first;
    this.optimizer = optimizer;
    this.trainable = optimizer.arrange(trainable);
    block = oneBlock(this.trainable);
    idle = new ArrayList<>(this.trainable);
    for (int i = 0; i < own; i++) {
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
    GradientBuffer view = views.get(worker - first);
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
    List<Tensor> blocks = views.stream().map(GradientBuffer::gradient).toList();
    int own = Math.max(0, Math.min(blocks.size(), shares - first)); // workers with a shard
    Tensor sum = blocks.get(0);
    group.sum(blocks.subList(0, own), shares, sum);
    blocks.subList(1, Math.max(1, own)).forEach(Tensor::zero_);
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
    removeBusy();
    List<Tensor> asBefore = idle.stream().map(parameter -> parameter.value().clone()).toList();
    optimizer.step(block, gradient);
    for (int i = 0; i < idle.size(); i++) {
      idle.get(i).copyFrom(asBefore.get(i));
    }
  }

  /** Removes the parameters with a gradient, in whatever process, from the idle ones. */
  private void removeBusy() {
    byte[] own = new byte[idle.size()];
    for (int i = 0; i < own.length; i++) {
      Parameter parameter = idle.get(i);
      own[i] = (byte) (views.stream().anyMatch(view -> view.hasGradient(parameter)) ? 1 : 0);
    }
    List<byte[]> all = group.gather(own);
    for (int i = own.length - 1; i >= 0; i--) {
      int index = i;
      if (all.stream().anyMatch(flags -> flags[index] != 0)) {
        idle.remove(index);
      }
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
