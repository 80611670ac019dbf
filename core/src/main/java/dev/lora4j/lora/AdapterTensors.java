package dev.lora4j.lora;

import dev.lora4j.nn.Parameter;
import java.util.Collections;
import java.util.Map;

/** The tensors of an adapter in a model. */
public final class AdapterTensors {
  private AdapterTensors() {}

  /** Returns them by PEFT's key without its prefix, such as {@code classifier.weight}. */
  public static Map<String, Parameter> of(LoraModel model, String name) {
    return Collections.unmodifiableMap(model.adapter(name).saved());
  }
}
