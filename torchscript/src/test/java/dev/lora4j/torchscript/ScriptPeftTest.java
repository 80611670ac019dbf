package dev.lora4j.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.TensorAssert;
import dev.lora4j.io.SafetensorsFile;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Parity between PEFT on a Python class and lora4j on the class's TorchScript file, in outputs and
 * gradients. Fixtures by tools/script_fixtures.py.
 */
class ScriptPeftTest {
  private static final double TOLERANCE = 1e-5;

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void close() {
    scope.close();
  }

  static Stream<Arguments> cases() {
    return Stream.of(
            "resnet/convs",
            "resnet/dora",
            "resnet/more",
            "encoder/feed",
            "encoder/attention",
            "tokens/embedding",
            "tokens/rows",
            "bag/weight")
        .flatMap(name -> Stream.of("scripted", "traced").map(how -> Arguments.of(name, how)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("cases")
  void outputsGradientsAndMergedWeightsEqualPefts(
      String name, String how, @TempDir Path directory) {
    String network = name.substring(0, name.indexOf('/'));
    Fixture given = Fixture.read("script/" + network + ".safetensors");
    Fixture expected = Fixture.read("script/" + name + "/expected.safetensors");
    Tensor input = given.tensor("input");
    try (TorchScriptModel net =
        TorchScriptModel.load(Fixture.path("script/" + network + "." + how + ".pt"))) {
      LoraModel model = Lora.base(net);
      Tensor base = net.forward(input);
      TensorAssert.assertThat(base).isCloseTo(given.tensor("base_logits"), TOLERANCE);
      model.load("default", Fixture.path("script/" + name));
      model.activate("default");
      net.train(false);

      Tensor logits = net.forward(input);

      expected.check("logits", logits, TOLERANCE);
      checkOff(model, input, base);
      checkMerged(model, input, expected, directory.resolve("merged.pt"));
      checkOff(model, input, base);
      logits.backward(given.tensor("grad_output"), null, false, null);
      checkGradients(model, expected, directory.resolve("gradients"));
    }
  }

  private static void checkOff(LoraModel model, Tensor input, Tensor base) {
    try (AdapterScope off = model.disabled()) {
      TensorAssert.assertThat(model.forward(input)).isExactly(base);
    }
  }

  private static void checkMerged(LoraModel model, Tensor input, Fixture expected, Path file) {
    model.merge();
    ((TorchScriptModel) model.base()).save(file);
    Tensor here = model.forward(input);
    model.unmerge();

    expected.check("merged_logits", here, TOLERANCE);
    try (TorchScriptModel merged = TorchScriptModel.load(file)) {
      merged.freeze(); // in the base's mode: PyTorch's encoder layers take another path with
      // gradients
      TensorAssert.assertThat(merged.forward(input)).isExactly(here);
    }
  }

  /** Saves the gradients as if they were the adapter, so that they get PEFT's keys. */
  private static void checkGradients(LoraModel model, Fixture expected, Path directory) {
    model.parameters("default").forEach(p -> p.replaceValue(p.value().grad()));
    model.save("default", directory);
    List<String> checked = new ArrayList<>();
    try (SafetensorsFile file =
        SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
      for (String key : file.names()) {
        expected.check("grad." + key, file.read(key), TOLERANCE);
        checked.add(key);
      }
    }
    assertThat(checked).containsExactlyInAnyOrderElementsOf(expected.tensors("grad.").keySet());
  }
}
