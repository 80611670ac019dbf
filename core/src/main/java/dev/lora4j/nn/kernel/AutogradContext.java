package dev.lora4j.nn.kernel;

import dev.lora4j.nn.runtime.ContextVar;
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
 * The autograd context of one forward and backward pass on the calling thread. The backward runs at
 * most once, before the context is closed. Inside a context, layers replace libtorch's derivatives
 * by faster ones, or by ones that save less memory between forward and backward.
 */
public final class AutogradContext implements AutoCloseable {
  private static final ContextVar<AutogradContext> CURRENT = ContextVar.ofThread();

  private final @Nullable AutogradContext outer = CURRENT.get();
  private final List<Derivative> derivatives = new ArrayList<>();
  private final IdentityHashMap<Tensor, SavedTensor> madeAgain = new IdentityHashMap<>();
  private @Nullable Tensor result; // of the latest hook

  private AutogradContext() {}

  /** Opens a context; the same thread closes it. */
  public static AutogradContext open() {
    AutogradContext pass = new AutogradContext();
    CURRENT.set(pass);
    return pass;
  }

  /** Returns the calling thread's context, null outside of one. */
  public static @Nullable AutogradContext current() {
    return CURRENT.get();
  }

  /**
   * A saved tensor: the tensors to keep until the backward, and a function that returns its value.
   */
  public record SavedTensor(List<Tensor> needed, Supplier<Tensor> read) {}

  /** Declares how a tensor is recomputed from others that are saved, instead of being saved. */
  public void recomputable(Tensor tensor, List<Tensor> from, Supplier<Tensor> maker) {
    madeAgain.put(tensor, new SavedTensor(from, maker));
  }

  /** Saves a tensor for the backward: recomputed there if possible, else kept. */
  public SavedTensor save(Tensor tensor) {
    SavedTensor again = madeAgain.get(tensor);
    return again == null ? kept(tensor.detach()) : again;
  }

  /** Concatenates tensors along an axis; the result is recomputable if its parts are saved. */
  public static Tensor joined(long axis, List<Tensor> parts) {
    Tensor whole = Ops.join(axis, parts.toArray(Tensor[]::new));
    AutogradContext pass = CURRENT.get();
    if (pass != null) {
      List<SavedTensor> values = parts.stream().map(pass::save).toList();
      pass.recomputable(
          whole,
          values.stream().flatMap(part -> part.needed().stream()).toList(),
          () ->
              Ops.join(
                  axis, values.stream().map(part -> part.read().get()).toArray(Tensor[]::new)));
    }
    return whole;
  }

  private static SavedTensor kept(Tensor tensor) {
    return new SavedTensor(List.of(tensor), () -> tensor);
  }

  /**
   * Replaces a tensor's gradient in the backward; the needed tensors live until then.
   *
   * <p>Libtorch calls a hook with the sum of the gradients from all uses of the tensor, and calls
   * the hooks of one tensor in the order in which they were added. So a layer hooks an alias of its
   * input, and returns an alias of an output that it hooks.
   */
  public void onBackward(Tensor tensor, List<Tensor> needed, UnaryOperator<Tensor> function) {
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

  /** Frees the saved tensors. */
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
