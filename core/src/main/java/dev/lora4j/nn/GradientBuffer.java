package dev.lora4j.nn;

import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.ContextVar;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A gradient buffer of one thread: aliases of the trainable parameters, with the same values in the
 * same memory and gradients of their own. The basis of data-parallel training.
 *
 * <p>All gradients are slices of one flat tensor, in the order of the parameters, so that adding
 * two buffers, or clearing one, is a single operation.
 */
public final class GradientBuffer implements AutoCloseable {
  private static final ContextVar<GradientBuffer> CURRENT = ContextVar.ofThread();

  private final Map<Parameter, Tensor> aliases = new HashMap<>();
  private final Tensor gradient;

  public GradientBuffer(List<Parameter> parameters) {
    try (PointerScope scope = new PointerScope()) {
      long total = parameters.stream().mapToLong(Parameter::numel).sum();
      gradient = Ops.keep(zeros(total, parameters));
      long offset = 0;
      for (Parameter parameter : parameters) {
        Tensor alias = Ops.keep(parameter.value().detach());
        alias.set_requires_grad(true);
        Tensor slice =
            gradient.narrow(0, offset, parameter.numel()).view(parameter.value().sizes());
        alias.mutable_grad().put(slice.variable_data()); // with a version counter of its own
        aliases.put(parameter.first(), alias);
        offset += parameter.numel();
      }
    }
  }

  /** {@code [size]} zeros, of the dtype and on the device of the first parameter. */
  private static Tensor zeros(long size, List<Parameter> parameters) {
    return parameters.isEmpty()
        ? Ops.zeros(size)
        : torch.zeros(new long[] {size}, parameters.get(0).value().options());
  }

  static @Nullable GradientBuffer current() {
    return CURRENT.get();
  }

  Tensor of(Parameter parameter) {
    Tensor alias = aliases.get(parameter.first());
    return alias == null ? parameter.value() : alias;
  }

  /** Binds the buffer to the calling thread until {@link #leave}. */
  public void enter() {
    CURRENT.set(this);
  }

  /** Unbinds the buffer from the calling thread. */
  public void leave() {
    CURRENT.set(null);
  }

  /** All gradients in one flat tensor, {@code [parameters]}, to which a backward adds. */
  public Tensor gradient() {
    return gradient;
  }

  /** Returns whether a backward has added to this parameter's gradient, be it zeros. */
  public boolean hasGradient(Parameter parameter) {
    Tensor alias = aliases.get(parameter.first());
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
