package dev.lora4j.cli;

import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.vision.ConvNet;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** A saved network and adapters for it with non-zero updates. */
final class SavedConvNet {
  private SavedConvNet() {}

  static Path base(Path file) {
    try (PointerScope scope = new PointerScope();
        ConvNet net = seeded()) {
      SafetensorsWriter.write(file, net.stateDict(), Map.of());
    }
    return file;
  }

  private static ConvNet seeded() {
    Engine.seed(0);
    return new ConvNet();
  }

  /** An adapter whose matrices are random, so that merging it changes the weights. */
  static Path adapter(Path directory, LoraConfig config, long seed) {
    try (PointerScope scope = new PointerScope();
        ConvNet net = seeded();
        NoGradGuard guard = new NoGradGuard()) {
      LoraModel model = Lora.adapt(net, config);
      Engine.seed(seed);
      for (Parameter parameter : model.parameters("default")) {
        parameter.value().normal_(0, 0.05, null);
      }
      model.save("default", directory);
    }
    return directory;
  }
}
