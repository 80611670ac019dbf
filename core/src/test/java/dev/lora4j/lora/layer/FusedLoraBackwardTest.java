package dev.lora4j.lora.layer;

import dev.lora4j.TensorAssert;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.GradientBuffer;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.GatedActivation;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The written-out derivatives equal libtorch's, relative to the largest element. */
class FusedLoraBackwardTest {
  private static final double TOLERANCE = 1e-4; // sums of products of sums, in two orders
  private static final int IN = 6;
  private static final int OUT = 5;

  @Provide
  Arbitrary<long[]> shapes() {
    return Arbitraries.of(
        new long[] {1, IN}, new long[] {7, IN}, new long[] {2, 3, IN}, new long[] {2, 20, 2, IN});
  }

  @Property(tries = 60)
  void gradientsEqualLibtorchs(
      @ForAll("shapes") long[] shape,
      @ForAll @IntRange(min = 1, max = 17) int rank,
      @ForAll boolean transposed,
      @ForAll boolean dora,
      @ForAll boolean two,
      @ForAll long seed) {
    try (PointerScope scope = new PointerScope()) {
      Engine.seed(seed);
      Module layer = layer(transposed);
      LoraConfig config = LoraConfig.rank(rank).alpha(3).targets(Targets.everyLinear());
      LoraModel model = Lora.adapt(new Sequential(layer), dora ? config.dora(true) : config);
      if (two) {
        model.add("second", config);
        model.activate("default", "second");
      }
      List<Parameter> learning =
          model.active().stream().flatMap(name -> model.parameters(name).stream()).toList();
      learning.forEach(parameter -> parameter.copyFrom(torch.randn(parameter.shape())));
      Tensor x = torch.randn(shape);
      Tensor upstream = torch.randn_like(model.forward(x)).detach();

      try (GradientBuffer view = new GradientBuffer(learning)) {
        List<Tensor> expected = found(model, x, upstream, view);
        try (AutogradContext pass = AutogradContext.open()) {
          List<Tensor> inPass = found(model, x, upstream, view);
          for (int i = 0; i < expected.size(); i++) {
            TensorAssert.assertThat(inPass.get(i)).isCloseTo(expected.get(i), TOLERANCE);
          }
        }
      }
    }
  }

  /**
   * Returns the output, after another layer with a written-out derivative, and the gradients of the
   * input and of all trainable parameters, which were not zero before.
   */
  private static List<Tensor> found(
      LoraModel model, Tensor values, Tensor upstream, GradientBuffer view) {
    view.gradient().fill_(Ops.ONE);
    view.enter();
    try {
      Tensor x = values.detach();
      x.set_requires_grad(true);
      Tensor passedOn = x.mul(Ops.keepScalar(2));
      Tensor output = model.forward(passedOn);
      Tensor y =
          Ops.gated(GatedActivation.SILU, output, torch.ones_like(output).add(passedOn.sum()))
              .add(output);
      Ops.backward(y, upstream);
      return List.of(y.detach(), x.grad(), view.gradient().clone());
    } finally {
      view.leave();
    }
  }

  private static Module layer(boolean transposed) {
    return transposed
        ? TransposedLinear.sharing(
            Parameter.over(torch.randn(IN, OUT)), Parameter.over(torch.randn(OUT)))
        : new Linear(IN, OUT);
  }
}
