package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.kernel.Ops;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Parity of the adapted network with the reference implementation and PEFT; fixtures by
 * tools/convnet_fixtures.py.
 */
class ConvNetLoraTest {
  private static final double TOLERANCE = 1e-5;

  private final PointerScope scope = new PointerScope();
  private final Fixture batch = Fixture.read("convnet/batch.safetensors");
  private final ConvNet net = new ConvNet();

  ConvNetLoraTest() {
    net.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));
  }

  @AfterEach
  void close() {
    net.close();
    scope.close();
  }

  @Test
  void logitsGradientsAndMergeEqualTheReference() {
    Fixture expected = Fixture.read("convnet/lora.safetensors");
    LoraModel model = Lora.adapt(net, LoraConfig.rank(4).alpha(4));
    ConvNetAdapter.copyInto(net, expected);

    check(model, expected, "grad.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"peft_default", "peft_rslora", "peft_patterns"})
  void logitsGradientsAndMergeEqualPefts(String name) {
    LoraModel model = Lora.base(net);

    model.load("default", Fixture.path("convnet/" + name));
    model.activate("default");

    check(
        model, Fixture.read("convnet/" + name + "/expected.safetensors"), "grad.base_model.model.");
  }

  private void check(LoraModel model, Fixture expected, String gradient) {
    Tensor logits = net.forward(batch.tensor("input"));
    Tensor loss = Ops.crossEntropySum(logits, batch.tensor("labels")).div(new Scalar(8));
    loss.backward();

    expected.check("logits", logits, TOLERANCE);
    expected.check("loss", loss.reshape(1), TOLERANCE);
    assertThat(net.trainableParameters()).hasSize(6);
    ConvNetAdapter.parameters(net)
        .forEach(
            (key, parameter) ->
                expected.check(gradient + key, parameter.value().grad(), TOLERANCE));

    model.merge();

    net.stateDict()
        .forEach(
            (path, value) -> {
              if (path.endsWith(".pretrained.weight")) {
                expected.check("merged." + path.replace(".pretrained", ""), value, 1e-6);
              }
            });
  }
}
