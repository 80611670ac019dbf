package dev.lora4j.llm.task.train;

import dev.lora4j.lora.AdapterTensors;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Initial values of an adapter's head where the base has none: matrices from a normal distribution,
 * biases 0, norms 1, as transformers initialises a new head.
 */
public final class NewHead {
  private NewHead() {}

  /**
   * Initialises the modules of an adapter's head that are zero; drawn from the calling thread's
   * generator.
   *
   * @param modules the head's paths
   * @param deviation the config's {@code initializer_range}
   */
  public static void initialize(
      LoraModel model, String adapter, List<String> modules, double deviation) {
    for (String module : modules) {
      Map<String, Parameter> own = AdapterTensors.of(model, adapter);
      List<String> keys =
          own.keySet().stream()
              .filter(key -> key.startsWith(module + ".") && !key.contains(".lora_"))
              .toList();
      boolean isNew = keys.stream().allMatch(key -> parameter(own, key).isZero());
      if (isNew) {
        keys.forEach(key -> initialize(key, parameter(own, key), deviation));
      }
    }
  }

  private static Parameter parameter(Map<String, Parameter> own, String key) {
    return Objects.requireNonNull(own.get(key));
  }

  private static void initialize(String key, Parameter parameter, double deviation) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor value = parameter.value();
      if (value.dim() > 1) {
        value.normal_(0, deviation, Ops.generator());
      } else if (key.endsWith(".weight")) {
        value.fill_(Ops.ONE);
      }
      parameter.changed();
    }
  }
}
