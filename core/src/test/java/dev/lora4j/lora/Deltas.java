package dev.lora4j.lora;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What an adapter would add to the weights of a model's layers. */
final class Deltas {
  private Deltas() {}

  static Map<String, Tensor> of(LoraModel model, String adapter) {
    Map<String, Tensor> deltas = new LinkedHashMap<>();
    model
        .layers()
        .forEach(
            (path, layer) -> {
              Update update = layer.update(adapter);
              if (update != null) {
                deltas.put(path, update.delta());
              }
            });
    return deltas;
  }
}
