package dev.lora4j.nn;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.TensorTensorHook;
import org.jspecify.annotations.Nullable;

/**
 * A forward of the calling thread and its backward, which is walked once at most, and before this
 * is closed. Layers may put derivatives of their own in the place of libtorch's then: quicker ones,
 * or such that need less memory between forward and backward.
 */
public final class OnePass implements AutoCloseable {
  private static final ContextVar<OnePass> CURRENT = ContextVar.ofThread();

  private final @Nullable OnePass outer = CURRENT.get();
  private final List<Derivative> derivatives = new ArrayList<>();
  private final IdentityHashMap<Tensor, Values> madeAgain = new IdentityHashMap<>();
  private @Nullable Tensor result; // of the derivative that was asked last

  private OnePass() {}

  /** Begins a pass; to be closed by the same thread. */
  public static OnePass open() {
    OnePass pass = new OnePass();
    CURRENT.set(pass);
    return pass;
  }

  /** The pass that the calling thread is in, if it is in one. */
  public static @Nullable OnePass current() {
    return CURRENT.get();
  }

  /**
   * What a tensor holds, on the way back.
   *
   * @param needed what has to stay alive for it
   * @param read gives it, in the caller's scope
   */
  public record Values(List<Tensor> needed, Supplier<Tensor> read) {}

  /**
   * Says how what a tensor holds is made again, so that whoever reads it on the way back need not
   * keep it.
   *
   * @param from what it is made from, which others keep anyway
   */
  void canMakeAgain(Tensor tensor, List<Tensor> from, Supplier<Tensor> maker) {
    madeAgain.put(tensor, new Values(from, maker));
  }

  /** What a tensor holds, to be read on the way back: made again then, or kept until then. */
  public Values valuesOf(Tensor tensor) {
    Values again = madeAgain.get(tensor);
    return again == null ? kept(tensor.detach()) : again;
  }

  /** Lays tensors that others keep one after the other; what that gives is made again then. */
  public static Tensor joined(long axis, List<Tensor> parts) {
    Tensor whole = Ops.join(axis, parts.toArray(Tensor[]::new));
    OnePass pass = CURRENT.get();
    if (pass != null) {
      List<Values> values = parts.stream().map(pass::valuesOf).toList();
      pass.canMakeAgain(
          whole,
          values.stream().flatMap(part -> part.needed().stream()).toList(),
          () ->
              Ops.join(
                  axis, values.stream().map(part -> part.read().get()).toArray(Tensor[]::new)));
    }
    return whole;
  }

  private static Values kept(Tensor tensor) {
    return new Values(List.of(tensor), () -> tensor);
  }

  /**
   * Lets a tensor's gradient be exchanged for another on its way back.
   *
   * <p>Libtorch calls a hook with the sum of the gradients from all uses of the tensor, and calls
   * the hooks of one tensor in the order in which they were added. So a layer hooks an alias of its
   * input, and returns an alias of an output that it hooks.
   *
   * @param needed what the function reads; stays alive until it has been asked
   * @param function from the gradient to what counts instead
   */
  public void onTheWayBack(Tensor tensor, List<Tensor> needed, UnaryOperator<Tensor> function) {
    needed.forEach(Ops::keep);
    Derivative derivative = new Derivative(needed, function);
    derivative.retainReference();
    derivatives.add(derivative);
    tensor.register_hook(derivative);
  }

  private final class Derivative extends TensorTensorHook {
    private final UnaryOperator<Tensor> function;
    private List<Tensor> needed;

    Derivative(List<Tensor> needed, UnaryOperator<Tensor> function) {
      this.needed = needed;
      this.function = function;
    }

    @Override
    public TensorBase call(TensorBase gradient) {
      forgetResult();
      Tensor made;
      try (PointerScope scope = new PointerScope()) {
        made = Ops.keep(function.apply(new Tensor(gradient)));
      }
      gradient.deallocate();
      forgetNeeded();
      result = made;
      return made;
    }

    void forgetNeeded() {
      needed.forEach(Tensor::releaseReference);
      needed = List.of();
    }
  }

  private void forgetResult() {
    if (result != null) {
      result.deallocate();
      result = null;
    }
  }

  /** Frees what the derivatives have kept. */
  @Override
  public void close() {
    CURRENT.set(outer);
    forgetResult();
    madeAgain.clear();
    for (Derivative derivative : derivatives) {
      derivative.forgetNeeded();
      derivative.deallocate();
    }
  }
}
