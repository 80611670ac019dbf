package dev.lora4j.nn;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One thread's own look at a network's trainable parameters: the same values in the same memory,
 * but gradients apart.
 *
 * <p>All gradients lie side by side in one flat tensor, in the order of the parameters, so that
 * summing two views' gradients, or clearing them, is one operation whatever the network.
 */
public final class GradientView implements AutoCloseable {
  private static final ContextVar<GradientView> CURRENT = ContextVar.ofThread();

  private final Map<Parameter, Tensor> aliases = new HashMap<>();
  private final Tensor gradient;

  /** Makes a view of these parameters; it is used by the threads that {@link #enter} it. */
  public GradientView(List<Parameter> parameters) {
    try (PointerScope scope = new PointerScope()) {
      long total = parameters.stream().mapToLong(Parameter::numel).sum();
      gradient = Ops.keep(Ops.zerosLike(total, parameters));
      long offset = 0;
      for (Parameter parameter : parameters) {
        Tensor alias = Ops.keep(parameter.value().detach());
        alias.set_requires_grad(true);
        Tensor slice =
            gradient.narrow(0, offset, parameter.numel()).view(parameter.value().sizes());
        alias.mutable_grad().put(slice.variable_data()); // with a count of changes of its own
        aliases.put(parameter, alias);
        offset += parameter.numel();
      }
    }
  }

  static @Nullable GradientView current() {
    return CURRENT.get();
  }

  Tensor of(Parameter parameter) {
    Tensor alias = aliases.get(parameter);
    return alias == null ? parameter.value() : alias;
  }

  /** Lets the calling thread see this view, and none other, until {@link #leave}. */
  public void enter() {
    CURRENT.set(this);
  }

  /** Lets the calling thread see the parameters themselves again. */
  public void leave() {
    CURRENT.set(null);
  }

  /** {@code [parameters]}: all gradients in one flat tensor. A backward adds to it. */
  public Tensor gradient() {
    return gradient;
  }

  /** Whether any backward has added to this parameter's gradient, if only zeros. */
  public boolean hasGradient(Parameter parameter) {
    Tensor alias = aliases.get(parameter);
    return alias != null && alias.grad()._version() > 0;
  }

  /** Frees the aliases and the gradients; the parameters stay. */
  @Override
  public void close() {
    aliases.values().forEach(Tensor::deallocate);
    aliases.clear();
    gradient.deallocate();
  }
}
