package dev.lora4j.lora.method;

import dev.lora4j.lora.layer.AuxiliaryModule;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * VeRA's frozen random matrices A, {@code [rank, in]}, and B, {@code [out, rank]}, with the inputs
 * and outputs of the largest layer; a smaller layer uses their first columns and rows.
 */
final class VeraProjection extends AuxiliaryModule {
  private final Parameter a;
  private final Parameter b;

  private VeraProjection(Tensor a, Tensor b) {
    this.a = parameter("vera_A", a).trainable(false);
    this.b = parameter("vera_B", b).trainable(false);
  }

  /** Draws the matrices for these layers, as PEFT draws them from this seed. */
  static VeraProjection of(List<Module> layers, int rank, long seed) {
    List<WeightedLayer> weighted = layers.stream().map(WeightedLayer.class::cast).toList();
    long in = weighted.stream().mapToLong(WeightedLayer::inFeatures).max().orElse(0);
    long out = weighted.stream().mapToLong(WeightedLayer::outFeatures).max().orElse(0);
    Generator generator = torch.createCPUGenerator(seed);
    Tensor a = kaimingUniform(generator, rank, in);
    Tensor b = kaimingUniform(generator, out, rank);
    VeraProjection projection = new VeraProjection(a, b);
    weighted.stream().findFirst().ifPresent(layer -> projection.to(layer.store().device()));
    return projection;
  }

  /** Draws {@code U(−√(6/fanIn), √(6/fanIn))} (He et al., for ReLU). */
  private static Tensor kaimingUniform(Generator generator, long rows, long columns) {
    double bound = Math.sqrt(3.0) * (Math.sqrt(2) / Math.sqrt(columns));
    return Ops.empty(rows, columns).uniform_(-bound, bound, new GeneratorOptional(generator));
  }

  /** Returns A for a layer with this many inputs. */
  Tensor a(long inputs) {
    return a.tensor().narrow(1, 0, inputs);
  }

  /** Returns B for a layer with this many outputs. */
  Tensor b(long outputs) {
    return b.tensor().narrow(0, 0, outputs);
  }

  Map<String, Parameter> saved() {
    Map<String, Parameter> saved = new LinkedHashMap<>();
    saved.put("base_model.vera_A", a);
    saved.put("base_model.vera_B", b);
    return saved;
  }

  @Override
  public void remove() {
    close();
  }
}
