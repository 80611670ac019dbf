package dev.lora4j.lora;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.nn.Engine;
import dev.lora4j.nn.GradientView;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.OnePass;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.Sequential;
import dev.lora4j.nn.TransposedLinear;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The derivatives that are written out are those that libtorch finds. */
class UpdateInPassTest {
  private static final Offset<Float> ROUNDING = Offset.offset(1e-4f);
  private static final int IN = 6;
  private static final int OUT = 5;

  @Provide
  Arbitrary<long[]> shapes() {
    return Arbitraries.of(
        new long[] {1, IN}, new long[] {7, IN}, new long[] {2, 3, IN}, new long[] {2, 20, 2, IN});
  }

  @Property(tries = 60)
  void aPassFindsTheGradientsThatLibtorchFinds(
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

      try (GradientView view = new GradientView(learning)) {
        List<float[]> expected = found(model, x, view);
        try (OnePass pass = OnePass.open()) {
          List<float[]> inPass = found(model, x, view);
          for (int i = 0; i < expected.size(); i++) {
            assertThat(inPass.get(i)).containsExactly(expected.get(i), ROUNDING);
          }
        }
      }
    }
  }

  /**
   * The output, and the gradients of the input and of all that learns, which were not zero before.
   */
  private static List<float[]> found(LoraModel model, Tensor values, GradientView view) {
    view.gradient().fill_(Ops.ONE);
    view.enter();
    try {
      Tensor x = values.detach();
      x.set_requires_grad(true);
      Tensor passedOn = x.mul(Ops.keepScalar(2));
      Tensor y = model.forward(passedOn).add(passedOn.sum());
      Ops.backward(y, y.detach().sin());
      return List.of(Ops.floats(y), Ops.floats(x.grad()), Ops.floats(view.gradient()));
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
