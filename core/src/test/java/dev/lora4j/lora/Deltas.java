package dev.lora4j.lora;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;

/** The deltas of an adapter's layers. */
final class Deltas {
  private Deltas() {}

  /** Returns the delta of one layer. */
  static Tensor of(LoraModel model, String adapter, String path) {
    return Objects.requireNonNull(of(model, adapter).get(path), path);
  }

  static Map<String, Tensor> of(LoraModel model, String adapter) {
    Map<String, Tensor> deltas = new LinkedHashMap<>();
    if (model.adapterNames().contains(adapter)) {
      model
          .adapter(adapter)
          .deltas(model.layers())
          .forEach((path, delta) -> deltas.put(path, delta.deltaWeight()));
    }
    return deltas;
  }
}
