package dev.lora4j.lora.init;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.LoraDelta;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The config and the initial A matrices that EVA found.
 *
 * @param config the config with the new ranks, without the layers of rank zero
 * @param components A by path: {@code [rank, in]}
 */
public record EvaResult(LoraConfig config, Map<String, Tensor> components)
    implements AutoCloseable {

  /** Copies the components into A of an adapter's deltas, given by path. */
  public void initialize(Map<String, LoraDelta> deltas) {
    deltas.forEach(
        (path, delta) -> {
          Tensor a = components.get(path);
          if (a != null) {
            delta.factored().orElseThrow().a().copyFrom(a);
          }
        });
  }

  @Override
  public void close() {
    components.values().forEach(Tensor::deallocate);
  }
}
