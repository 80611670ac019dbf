package dev.lora4j.lora;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * How an adapter begins after EVA.
 *
 * @param config with the ranks that were found, without the layers that got none
 * @param components A by path: {@code [rank, in]}
 */
record EvaResult(LoraConfig config, Map<String, Tensor> components) implements AutoCloseable {

  /** Lets an adapter begin so. */
  void begin(Map<String, LoraLayer> layers, Adapter adapter) {
    layers.forEach(
        (path, layer) -> {
          Tensor a = components.get(path);
          Update update = layer.update(adapter);
          if (a != null && update != null) {
            update.a().copyFrom(a);
          }
        });
  }

  @Override
  public void close() {
    components.values().forEach(Tensor::deallocate);
  }
}
