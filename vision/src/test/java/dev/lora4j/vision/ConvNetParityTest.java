package dev.lora4j.vision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Parity of the ConvNet with PyTorch and PEFT; fixtures by tools/convnet_fixtures.py. Tolerance
 * {@code 1e-5}: PyTorch's float32 results differ from its float64 results by up to 2e-6.
 */
class ConvNetParityTest {
  private static final double TOLERANCE = 1e-5;

  private final PointerScope scope = new PointerScope();
  private final Fixture batch = Fixture.read("convnet/batch.safetensors");
  private final ConvNet net = new ConvNet();

  ConvNetParityTest() {
    net.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));
  }

  @AfterEach
  void close() {
    net.close();
    scope.close();
  }

  private Tensor logits() {
    return net.forward(batch.tensor("input"));
  }

  private void checkGradients(Fixture expected, Map<String, Parameter> parameters) {
    Tensor loss = Ops.crossEntropySum(logits(), batch.tensor("labels")).div(new Scalar(8.0));
    loss.backward();
    parameters.forEach(
        (key, parameter) -> expected.check("grad." + key, parameter.value().grad(), TOLERANCE));
  }

  @Test
  void baseLogitsAndGradientsEqualPyTorchs() {
    Fixture expected = Fixture.read("convnet/base_expected.safetensors");

    expected.check("logits", logits(), TOLERANCE);

    Map<String, Parameter> used = net.namedParameters();
    used.keySet().removeIf(name -> name.startsWith("conv3"));
    checkGradients(expected, used);
  }

  @Test
  void inferenceModeGivesTheSameLogits() {
    net.freeze();

    Fixture.read("convnet/base_expected.safetensors").check("logits", logits(), TOLERANCE);
  }

  @Test
  void peftAdapterGivesPeftsLogitsAndGradients() {
    LoraModel model = Lora.base(net);
    model.load("default", Fixture.path("convnet/peft_default"));
    model.activate("default");
    Fixture expected = Fixture.read("convnet/peft_default/expected.safetensors");

    expected.check("logits", logits(), TOLERANCE);
    Map<String, Parameter> byKey = new HashMap<>();
    net.namedParameters()
        .forEach(
            (path, parameter) -> {
              if (parameter.isTrainable()) {
                String key = path.replace(".A.", ".lora_A.").replace(".B.", ".lora_B.");
                byKey.put("base_model.model." + key, parameter);
              }
            });
    assertThat(byKey).hasSize(6);
    checkGradients(expected, byKey);
  }

  @Test
  void mergedWeightsEqualPefts() {
    LoraModel model = Lora.base(net);
    model.load("default", Fixture.path("convnet/peft_default"));
    model.activate("default");

    Module merged = mergedAndUnloaded(model);

    Fixture expected = Fixture.read("convnet/peft_default/expected.safetensors");
    for (String layer : new String[] {"fc1", "fc2", "fc3"}) {
      Tensor weight = merged.stateDict().getOrDefault(layer + ".weight", Ops.zeros(0));
      expected.check("merged." + layer + ".weight", weight, 1e-6);
    }
    expected.check("logits", logits(), TOLERANCE);
  }

  private static Module mergedAndUnloaded(LoraModel model) {
    model.merge();
    return model.unload();
  }

  @Test
  void savedAdapterLoadsOntoAnotherCopyOfTheBase(@TempDir Path directory) {
    LoraModel model = Lora.base(net);
    model.load("default", Fixture.path("convnet/peft_default"));
    model.activate("default");
    long bytes = model.save("default", directory);
    Tensor expected = logits();

    try (ConvNet copy = new ConvNet()) {
      copy.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));
      LoraModel other = Lora.base(copy);
      other.load("mine", directory);
      other.activate("mine");
      TensorAssert.assertThat(copy.forward(batch.tensor("input"))).isExactly(expected);
    }
    assertThat(bytes).isLessThan(15_500); // with PEFT's config and the fingerprint of the base
  }
}
