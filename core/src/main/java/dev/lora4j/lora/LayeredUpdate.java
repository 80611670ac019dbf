package dev.lora4j.lora;

import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Weighted;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * An update whose A and B are layers, one after the other; B is zero at first.
 *
 * @param <L> the kind of layer
 */
abstract sealed class LayeredUpdate<L extends Module & Weighted> extends Update
    permits LinearUpdate, ConvUpdate {
  private final L a;
  private final L b;

  LayeredUpdate(Weighted base, L a, L b, int rank, double scaling, double dropout) {
    super(base, rank, scaling, dropout);
    this.a = a;
    this.b = b;
    child("A", a);
    child("B", b);
    try (NoGradGuard guard = new NoGradGuard()) {
      b.namedParameters().values().forEach(parameter -> parameter.value().zero_());
    }
  }

  @Override
  final Tensor down(Tensor x, Tensor a) {
    return this.a.forwardWith(x, a, null);
  }

  @Override
  final Parameter a() {
    return a.weight();
  }

  @Override
  final Parameter b() {
    return b.weight();
  }

  @Override
  final @Nullable Parameter biasOfB() {
    return b.bias().orElse(null);
  }

  final L layerB() {
    return b;
  }
}
