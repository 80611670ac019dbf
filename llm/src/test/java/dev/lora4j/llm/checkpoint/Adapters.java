package dev.lora4j.llm.checkpoint;

import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;

/** Adapters of saved models, for tests. */
public final class Adapters {
  private Adapters() {}

  /** Saves an adapter of random values, so that it changes every adapted layer. */
  public static Path random(Path base, LoraConfig config, Path directory) {
    try (PointerScope scope = new PointerScope();
        Checkpoint saved = Checkpoint.open(base);
        WeightsOnly network = WeightsOnly.of(saved);
        NoGradGuard guard = new NoGradGuard()) {
      LoraModel model = Lora.adapt(network, config);
      Engine.seed(directory.hashCode());
      for (Parameter parameter : model.parameters("default")) {
        parameter.value().normal_(0, 0.1, null);
      }
      model.save("default", directory);
    }
    return directory;
  }
}
