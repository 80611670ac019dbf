package dev.lora4j.nn;

import dev.lora4j.UserError;
import dev.lora4j.nn.kernel.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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
 * <p>A parameter owns its tensor, which outlives every pointer scope until {@link #close}. A
 * forward computes with {@link #tensor()}: with a {@link GradientBuffer} it is the calling thread's
 * alias of the same memory, with a gradient of its own, so that many threads can train one network.
 */
public final class Parameter implements AutoCloseable {
  private final Owned owned;
  private final List<UnaryOperator<Tensor>> parametrizations = new CopyOnWriteArrayList<>();

  /** The tensor and all parameters over it, the first of which represents them. */
  private static final class Owned {
    private Tensor value;
    private final AtomicInteger changes = new AtomicInteger();
    private final List<Parameter> parameters = new CopyOnWriteArrayList<>();

    Owned(Tensor value) {
      this.value = value;
    }
  }

  private Parameter(Owned owned) {
    this.owned = owned;
    owned.parameters.add(this);
  }

  private Parameter(Tensor initial) {
    this(new Owned(Ops.keep(initial)));
  }

  /** Weight tying: returns another parameter over the tensor, with functions of its own. */
  public Parameter tied() {
    return new Parameter(owned);
  }

  /** Returns all parameters over the tensor, this one included, in the order of their creation. */
  public List<Parameter> sharers() {
    return List.copyOf(owned.parameters);
  }

  /** Returns the first parameter over the tensor, which is listed and trained for all of them. */
  public Parameter first() {
    return owned.parameters.get(0);
  }

  /** Returns whether another parameter over the tensor computes with a different function of it. */
  public boolean differsFromSharers() {
    return !owned.parameters.stream()
        .allMatch(other -> other.parametrizations.equals(parametrizations));
  }

  /** Returns a trainable parameter that owns this tensor; no copy is made. */
  public static Parameter over(Tensor tensor) {
    return new Parameter(tensor).trainable(true);
  }

  /** Returns a frozen parameter that owns this tensor, of any dtype; no copy is made. */
  public static Parameter frozen(Tensor tensor) {
    return new Parameter(tensor);
  }

  /** Returns the tensor to compute with on the calling thread. The parameter keeps owning it. */
  public Tensor tensor() {
    Tensor tensor = seen();
    for (UnaryOperator<Tensor> parametrization : parametrizations) {
      tensor = parametrization.apply(tensor);
    }
    return tensor;
  }

  private Tensor seen() {
    @Nullable GradientBuffer view = GradientBuffer.current();
    return view == null ? owned.value : view.of(this);
  }

  /**
   * Returns the tensor with which forwards of the calling thread compute, if a parameter owns it;
   * empty if a function computes it.
   */
  public Optional<Tensor> memory() {
    Tensor tensor = owned.value;
    for (UnaryOperator<Tensor> parametrization : parametrizations) {
      Tensor before = tensor;
      tensor = parametrization.apply(before);
      if (!tensor.equals(before) && !(parametrization instanceof Substitution)) {
        return Optional.empty();
      }
    }
    return Optional.of(tensor);
  }

  /** Replaces the tensor that forwards compute with by a function of it, as in PyTorch. */
  public void parametrize(UnaryOperator<Tensor> function) {
    parametrizations.add(function);
  }

  public void unparametrize(UnaryOperator<Tensor> function) {
    parametrizations.remove(function);
  }

  /** Returns whether forwards may compute with a function of the tensor. */
  public boolean isParametrized() {
    return !parametrizations.isEmpty();
  }

  /** The tensor itself, whichever gradient buffer the calling thread has. */
  public Tensor value() {
    return owned.value;
  }

  /** Returns the gradient for the calling thread; null if frozen, or before the first backward. */
  public @Nullable Tensor gradient() {
    Tensor tensor = seen();
    Tensor gradient = tensor.requires_grad() ? tensor.grad() : null;
    return gradient != null && gradient.defined() ? gradient : null;
  }

  /** Returns whether gradients are computed for it. */
  public boolean isTrainable() {
    return owned.value.requires_grad();
  }

  /**
   * Includes it in training, or excludes it.
   *
   * @throws UserError if integers are to be trained
   */
  public Parameter trainable(boolean trainable) {
    if (trainable && !owned.value.is_floating_point()) {
      throw new UserError("integers have no gradient; a quantised weight can't be trained");
    }
    try (PointerScope scope = new PointerScope()) { // for the handle that libtorch returns
      owned.value.set_requires_grad(trainable);
    }
    return this;
  }

  /** The shape, such as {@code [out, in]}. */
  public long[] shape() {
    return Ops.shape(owned.value);
  }

  public boolean isZero() {
    try (PointerScope scope = new PointerScope()) {
      return owned.value.count_nonzero().item_long() == 0;
    }
  }

  public long numel() {
    return owned.value.numel();
  }

  /**
   * Copies values into the tensor; its device and dtype stay.
   *
   * @throws UserError if the shapes differ
   */
  public void copyFrom(Tensor source) {
    if (!Arrays.equals(Ops.shape(source), shape())) {
      throw new UserError(
          "expected shape " + Ops.shapeOf(owned.value) + ", found " + Ops.shapeOf(source));
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      owned.value.copy_(source);
    }
    changed();
  }

  /** Moves the tensor into contiguous memory of the same size, dtype and device. */
  public void moveInto(Tensor memory) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor place = memory.view(shape());
      place.copy_(owned.value);
      owned.value.set_data(place);
    }
    changed();
  }

  /** Replaces the tensor by another of the same shape and frees it; a frozen one stays frozen. */
  public void replaceValue(Tensor replacement) {
    boolean trainable = isTrainable();
    Tensor old = owned.value;
    owned.value = Ops.keep(replacement);
    trainable(trainable);
    changed();
    old.deallocate();
  }

  /** Returns a value that differs after each change; see {@link #changed}. */
  public long version() {
    return ((long) owned.changes.get() << Integer.SIZE) + owned.value._version();
  }

  public void changed() {
    owned.changes.incrementAndGet();
  }

  /** Frees the memory. The module can't be used afterwards. */
  @Override
  public void close() {
    owned.value.deallocate();
  }
}
