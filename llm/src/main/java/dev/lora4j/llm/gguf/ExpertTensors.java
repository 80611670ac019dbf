package dev.lora4j.llm.gguf;

import dev.lora4j.io.TensorSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Stacked experts as llama.cpp has them: {@code experts.gate_up_proj} as two tensors, {@code
 * experts.gate_proj.weight} and {@code experts.up_proj.weight}.
 */
final class ExpertTensors {
  private static final Pattern STACK = Pattern.compile("(.+\\.experts)\\.(gate_up|down)_proj");

  private ExpertTensors() {}

  /** Returns the tensors with those of experts separated and renamed. */
  static Map<String, TensorSource> separated(Map<String, TensorSource> state) {
    Map<String, TensorSource> result = new LinkedHashMap<>();
    state.forEach(
        (name, source) -> {
          Matcher stack = STACK.matcher(name);
          if (!stack.matches()) {
            result.put(name, source);
          } else if (stack.group(2).equals("down")) {
            result.put(name + ".weight", source);
          } else {
            result.put(stack.group(1) + ".gate_proj.weight", half(source, 0));
            result.put(stack.group(1) + ".up_proj.weight", half(source, 1));
          }
        });
    return result;
  }

  private static TensorSource half(TensorSource stack, int index) {
    List<Long> shape = stack.shape();
    long rows = shape.get(1) / 2;
    return new TensorSource(
        stack.dtype(),
        List.of(shape.get(0), rows, shape.get(2)),
        () -> stack.value().get().narrow(1, index * rows, rows).contiguous());
  }
}
