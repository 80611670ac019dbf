package dev.lora4j.nn;

import dev.lora4j.UserError;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that belongs to a module: a weight or a bias, trainable or frozen.
 *
 * <p>A parameter owns its tensor, which outlives every pointer scope until {@link #close}. What a
 * forward must use is {@link #tensor()}: inside a {@link GradientView} it is the calling thread's
 * alias of the same memory, with a gradient of its own, so that many threads can train one network.
 */
public final class Parameter implements AutoCloseable {
  private Tensor value;
  private final AtomicInteger changes = new AtomicInteger();
  private final List<UnaryOperator<Tensor>> parametrizations = new CopyOnWriteArrayList<>();

  private Parameter(Tensor initial) {
    value = Ops.keep(initial);
  }

  /** Returns a trainable parameter that owns this tensor; no copy is made. */
  public static Parameter over(Tensor tensor) {
    return new Parameter(tensor).trainable(true);
  }

  /** Returns a frozen parameter that owns this tensor, of any dtype; no copy is made. */
  public static Parameter frozen(Tensor tensor) {
    return new Parameter(tensor);
  }

  /** The tensor to compute with, as the calling thread sees it. It is not the caller's to close. */
  public Tensor tensor() {
    Tensor tensor = seen();
    for (UnaryOperator<Tensor> parametrization : parametrizations) {
      tensor = parametrization.apply(tensor);
    }
    return tensor;
  }

  private Tensor seen() {
    @Nullable GradientView view = GradientView.current();
    return view == null ? value : view.of(this);
  }

  /**
   * Lets something else be computed with in its place: a function of its tensor, applied whenever
   * it is asked for (PyTorch's {@code parametrize}).
   */
  public void parametrize(UnaryOperator<Tensor> function) {
    parametrizations.add(function);
  }

  /** Takes a function away again. */
  public void unparametrize(UnaryOperator<Tensor> function) {
    parametrizations.remove(function);
  }

  /** Whether something else may be computed with in its place. */
  public boolean isParametrized() {
    return !parametrizations.isEmpty();
  }

  /** The tensor itself, whatever the calling thread's view. */
  public Tensor value() {
    return value;
  }

  /**
   * What the calling thread's backward adds this parameter's gradient to, of the same shape; none
   * before the first one, but in a {@link GradientView}, or where it does not learn.
   */
  public @Nullable Tensor gradient() {
    Tensor tensor = seen();
    Tensor gradient = tensor.requires_grad() ? tensor.grad() : null;
    return gradient != null && gradient.defined() ? gradient : null;
  }

  /** Whether gradients are computed for it. */
  public boolean isTrainable() {
    return value.requires_grad();
  }

  /**
   * Includes it in training, or excludes it.
   *
   * @throws UserError if integers are to be trained
   */
  public Parameter trainable(boolean trainable) {
    if (trainable && !value.is_floating_point()) {
      throw new UserError("integers have no gradient; a quantised weight can't be trained");
    }
    try (PointerScope scope = new PointerScope()) { // for the handle that libtorch returns
      value.set_requires_grad(trainable);
    }
    return this;
  }

  /** Its shape, such as {@code [out, in]}. */
  public long[] shape() {
    return Ops.shape(value);
  }

  /** Whether every element is zero. */
  public boolean isZero() {
    try (PointerScope scope = new PointerScope()) {
      return value.count_nonzero().item_long() == 0;
    }
  }

  /** Number of elements. */
  public long numel() {
    return value.numel();
  }

  /**
   * Copies values in; device and dtype stay.
   *
   * @throws UserError if the shapes differ
   */
  public void copyFrom(Tensor source) {
    if (!Arrays.equals(Ops.shape(source), shape())) {
      throw new UserError(
          "expected shape " + Ops.shapeOf(value) + ", found " + Ops.shapeOf(source));
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      value.copy_(source);
    }
    changed();
  }

  /**
   * Copies its values into this memory and lives there from now on.
   *
   * @param memory of its number of elements, contiguous, same dtype and device
   */
  public void moveInto(Tensor memory) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor place = memory.view(shape());
      place.copy_(value);
      value.set_data(place);
    }
    changed();
  }

  /**
   * Puts another tensor of the same shape in the place of its own, which is freed. The parameter
   * stays trainable, or frozen, as it was.
   */
  public void replaceValue(Tensor replacement) {
    boolean trainable = isTrainable();
    Tensor old = value;
    value = Ops.keep(replacement);
    trainable(trainable);
    changed();
    old.deallocate();
  }

  /**
   * A number that is another one after each change of the values. Whoever writes into the memory by
   * another way than this class or {@link #value} says so by {@link #changed}.
   */
  public long version() {
    return ((long) changes.get() << Integer.SIZE) + value._version();
  }

  /** Tells that the values may be others now. */
  public void changed() {
    changes.incrementAndGet();
  }

  /** Frees its memory. The module that it belongs to can't be used afterwards. */
  @Override
  public void close() {
    value.deallocate();
  }
}
