package dev.lora4j.vision;

import dev.lora4j.Peft;
import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.init.EvaBatch;
import dev.lora4j.lora.layer.Initialization;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PEFT itself loads what was written here, onto the same network, and gives the same logits. */
class PeftReadsOursTest {
  private static final Scalar SMALL = new Scalar(0.05); // keeps the logits about 1

  @ParameterizedTest
  @ValueSource(strings = {"true", "pissa", "pissa_niter_2", "olora", "eva"})
  void andGivesTheSameLogits(String beginning, @TempDir Path directory)
      throws IOException, InterruptedException {
    Peft.assumeHere();
    Path base = directory.resolve("base.safetensors");
    Path computed = directory.resolve("computed.safetensors");
    Path adapter = directory.resolve("adapter");
    write(beginning, base, adapter, computed);

    Peft.computesTheSame("convnet", base, adapter, computed);
  }

  private static void write(String beginning, Path base, Path adapter, Path computed) {
    Engine.seed(7);
    try (ConvNet net = new ConvNet();
        PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      SafetensorsWriter.write(base, net.stateDict(), Map.of("format", "pt"));
      LoraModel model = adapt(net, config(beginning));
      model
          .parameters("default")
          .forEach(p -> p.copyFrom(p.value().add(torch.randn(p.shape()), SMALL)));
      model.save("default", adapter);
      Tensor input = torch.randn(5, 3, 32, 32);
      SafetensorsWriter.write(
          computed, Map.of("input", input, "logits", net.forward(input)), Map.of());
    }
  }

  private static LoraModel adapt(ConvNet net, LoraConfig config) {
    return config.initialization() instanceof Initialization.Eva
        ? Lora.adapt(net, config, List.of(EvaBatch.of(torch.randn(40, 3, 32, 32))))
        : Lora.adapt(net, config);
  }

  private static LoraConfig config(String beginning) {
    return LoraConfig.rank(4).alpha(6).initialization(Initialization.named(beginning));
  }
}
