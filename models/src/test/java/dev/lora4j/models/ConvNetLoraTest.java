package dev.lora4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.UserError;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraConfig;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Summary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The adapted network against the write-up's and PEFT's; numbers by tools/convnet_fixtures.py. */
class ConvNetLoraTest {
  private static final double TOLERANCE = 1e-5;
  private static final LoraConfig CONFIG = LoraConfig.rank(4).alpha(4);

  private final PointerScope scope = new PointerScope();
  private final Fixture batch = Fixture.read("convnet/batch.safetensors");
  private final ConvNet net = base();

  @AfterEach
  void close() {
    net.close();
    scope.close();
  }

  private static ConvNet base() {
    ConvNet net = new ConvNet();
    net.loadStateDict(Fixture.read("convnet/base.safetensors").tensors(""));
    return net;
  }

  // ---- what is told ----

  @Test
  void adaptingIsToldLayerByLayerAndDoneOnce() {
    List<String> report = new ArrayList<>();
    Lora.adapt(net, CONFIG, report::add);
    assertThat(report)
        .containsExactly(
            "Replaced fc1 with LoRALinear layer.",
            "Replaced fc2 with LoRALinear layer.",
            "Replaced fc3 with LoRALinear layer.");

    String before = Summary.of(net).toString();
    report.clear();
    Lora.adapt(net, CONFIG, report::add);
    assertThat(report).containsExactly("Model already contains LoRALinear layers.");
    assertThat(Summary.of(net)).hasToString(before);
  }

  @Test
  void theListingIsThatOfTheWriteUp() {
    Lora.adapt(net, CONFIG);

    assertThat(Summary.of(net))
        .hasToString(
            """
            Layers:
            - conv1.weight of size torch.Size([6, 3, 5, 5]) -> untrainable
            - conv1.bias of size torch.Size([6]) -> untrainable
            - conv2.weight of size torch.Size([16, 6, 5, 5]) -> untrainable
            - conv2.bias of size torch.Size([16]) -> untrainable
            - conv3.weight of size torch.Size([32, 16, 5, 5]) -> untrainable
            - conv3.bias of size torch.Size([32]) -> untrainable
            - fc1.pretrained.weight of size torch.Size([120, 400]) -> untrainable
            - fc1.pretrained.bias of size torch.Size([120]) -> untrainable
            - fc1.A.weight of size torch.Size([4, 400]) -> trainable
            - fc1.B.weight of size torch.Size([120, 4]) -> trainable
            - fc2.pretrained.weight of size torch.Size([84, 120]) -> untrainable
            - fc2.pretrained.bias of size torch.Size([84]) -> untrainable
            - fc2.A.weight of size torch.Size([4, 120]) -> trainable
            - fc2.B.weight of size torch.Size([84, 4]) -> trainable
            - fc3.pretrained.weight of size torch.Size([10, 84]) -> untrainable
            - fc3.pretrained.bias of size torch.Size([10]) -> untrainable
            - fc3.A.weight of size torch.Size([4, 84]) -> trainable
            - fc3.B.weight of size torch.Size([10, 4]) -> trainable
            Trainable parameters: 3272
            Untrainable parameters: 74838
            Total parameters: 78110
            Percent trainable: 4.188964281141979%
            Size of trainable parameters: 0.01 mb""");
  }

  // ---- what is computed ----

  @Test
  void logitsLossAndGradientsAreThoseOfTheWriteUp() {
    Fixture expected = Fixture.read("convnet/lora.safetensors");
    Lora.adapt(net, CONFIG);
    ConvNetAdapter.copyInto(net, expected);

    checkForwardAndBackward(expected, "grad.");
  }

  @Test
  void mergedWeightsAreThoseOfTheWriteUp() {
    Fixture expected = Fixture.read("convnet/lora.safetensors");
    LoraModel model = Lora.adapt(net, CONFIG);
    ConvNetAdapter.copyInto(net, expected);

    model.merge();

    checkMerged(expected, model);
  }

  @Test
  void anAdapterOfPeftsLoadsAndSaysTheSame() {
    Fixture expected = Fixture.read("convnet/peft_default/expected.safetensors");
    LoraModel model = Lora.base(net);

    model.load("default", Fixture.path("convnet/peft_default"));
    model.activate("default");

    assertThat(model.layers().keySet()).containsExactly("fc1", "fc2", "fc3");
    checkForwardAndBackward(expected, "grad.base_model.model.");
    model.merge();
    checkMerged(expected, model);
  }

  private void checkForwardAndBackward(Fixture expected, String prefix) {
    Tensor logits = net.forward(batch.tensor("input"));
    Tensor loss = Ops.crossEntropySum(logits, batch.tensor("labels")).div(new Scalar(8));
    loss.backward();

    expected.check("logits", logits, TOLERANCE);
    expected.check("loss", loss.reshape(1), TOLERANCE);
    assertThat(net.trainableParameters()).hasSize(6);
    ConvNetAdapter.parameters(net)
        .forEach(
            (name, parameter) ->
                expected.check(prefix + name, parameter.value().grad(), TOLERANCE));
  }

  private static void checkMerged(Fixture expected, LoraModel model) {
    model
        .layers()
        .forEach(
            (path, layer) ->
                expected.check(
                    "merged." + path + ".weight", layer.pretrained().weight().value(), 1e-6));
  }

  // ---- what is saved ----

  @Test
  void aSavedAdapterIsSmall(@TempDir Path directory) {
    LoraModel model = Lora.adapt(net, CONFIG);

    assertThat(model.save("default", directory)).isLessThan(15_000);
  }

  @Test
  void whatPeftSavedIsSavedAgainAsItWas(@TempDir Path directory) {
    LoraModel model = Lora.base(net);
    model.load("peft", Fixture.path("convnet/peft_default"));
    model.save("peft", directory);
    model.load("again", directory);
    model.activate("peft");
    Tensor first = model.forward(batch.tensor("input"));

    model.activate("again");

    TensorAssert.assertThat(model.forward(batch.tensor("input"))).isExactly(first);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "peft_rslora | use_rslora = true",
        "peft_patterns | alpha_pattern = {\"fc1\":16,\"fc3\":2}, rank_pattern = {\"fc2\":2}"
      })
  void whatIsNotSupportedYetIsRefusedByName(String directory, String names) {
    LoraModel model = Lora.base(net);

    assertThatThrownBy(() -> model.load("peft", Fixture.path("convnet/" + directory)))
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith(": not supported, and it would change the result: " + names);
    assertThat(model.adapterNames()).isEmpty();
    TensorAssert.assertSameState(net.stateDict(), Map.copyOf(base().stateDict()));
  }
}
