package dev.lora4j.torchscript;

import dev.lora4j.Fixture;
import dev.lora4j.Peft;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Interoperability of adapters trained on a TorchScript file: they load onto the original Python
 * class, and the merged file loads in Python.
 */
class PeftReadsScriptsTest {
  private static final Scalar SMALL = new Scalar(0.05); // keeps the logits near 1

  @ParameterizedTest
  @CsvSource({
    "resnet, scripted, conv1|conv2|fc, ''",
    "resnet, traced, layer1.0.conv2|fc, ''",
    "tokens, traced, embed|head, ''",
    "bag, scripted, fc, bag.weight"
  })
  void andComputesTheSame(
      String network, String how, String targets, String parameter, @TempDir Path directory)
      throws IOException, InterruptedException {
    Peft.assumeHere();
    LoraConfig config = LoraConfig.rank(2).alpha(6).targets(Targets.named(targets.split("\\|")));
    Path computed = directory.resolve("computed.safetensors");
    Path adapter = directory.resolve("adapter");

    write(
        network,
        how,
        parameter.isEmpty() ? config : config.targetParameters(parameter),
        adapter,
        computed);

    Path base = Fixture.path("script/base_" + network + ".safetensors");
    Peft.computesTheSame(network, base, adapter, computed);
    Peft.loadsScript(directory.resolve("merged.pt"), computed);
  }

  private static void write(
      String network, String how, LoraConfig config, Path adapter, Path computed) {
    Engine.seed(5);
    Path file = Fixture.path("script/" + network + "." + how + ".pt");
    try (TorchScriptModel net = TorchScriptModel.load(file);
        PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      LoraModel model = Lora.adapt(net, config);
      model.parameters("default").forEach(p -> p.copyFrom(torch.randn(p.shape()).mul(SMALL)));
      model.save("default", adapter);
      Tensor input = Fixture.read("script/" + network + ".safetensors").tensor("input");
      SafetensorsWriter.write(
          computed, Map.of("input", input, "logits", net.forward(input)), Map.of());
      model.merge();
      net.save(adapter.resolveSibling("merged.pt"));
    }
  }
}
