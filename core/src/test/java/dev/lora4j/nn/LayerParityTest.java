package dev.lora4j.nn;

import dev.lora4j.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every layer equals PyTorch's, forward and backward, on fixtures of tools/layer_fixtures.py. */
class LayerParityTest {
  private static final double TOLERANCE = 1e-6;

  static List<String> fixtures() throws IOException {
    try (Stream<Path> files = Files.list(Fixture.path("layers"))) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("fixtures")
  void outputAndGradientsArePyTorchs(String name) {
    try (PointerScope scope = new PointerScope()) {
      Fixture fixture = Fixture.read("layers/" + name);
      Module layer = FixtureLayer.build(fixture.metadata("layer"));
      layer.loadStateDict(fixture.tensors("state."));
      Tensor input = fixture.tensor("input");
      boolean differentiable = fixture.tensors("grad.").containsKey("input");
      input.set_requires_grad(differentiable);

      Tensor output = layer.forward(input);
      backward(output, fixture.tensor("grad_output"));

      fixture.check("output", output, TOLERANCE);
      if (differentiable) {
        fixture.check("grad.input", input.grad(), TOLERANCE);
      }
      layer
          .namedParameters()
          .forEach(
              (path, parameter) ->
                  fixture.check("grad." + path, parameter.value().grad(), TOLERANCE));
    }
  }

  private static void backward(Tensor output, Tensor gradient) {
    output.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
  }
}
