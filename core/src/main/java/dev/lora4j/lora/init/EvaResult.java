package dev.lora4j.lora.init;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.layer.LoraDelta;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * How an adapter begins after EVA.
 *
 * @param config with the ranks that were found, without the layers that got none
 * @param components A by path: {@code [rank, in]}
 */
public record EvaResult(LoraConfig config, Map<String, Tensor> components)
    implements AutoCloseable {

  /** Sets A of an adapter's deltas, given by path. */
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
