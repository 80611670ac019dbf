package dev.lora4j.llm.model.llama;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.llama.LlamaConfig.Biases;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;

/** Qwen2 and 2.5: a Llama with biases of queries, keys and values, and windows in some layers. */
public class Qwen2Family extends LlamaFamily {

  public Qwen2Family() {
    this("qwen2", "Qwen2ForCausalLM");
  }

  Qwen2Family(String modelType, String architecture) {
    super(modelType, architecture);
  }

  @Override
  public final String ggufArchitecture() {
    return modelType();
  }

  @Override
  final boolean interleavesHeads() {
    return false;
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {
    config.put("use_sliding_window", false);
  }

  @Override
  Biases biases(JsonDocument fields) {
    return new Biases(true, false, false);
  }

  @Override
  final List<OptionalLong> windows(JsonDocument fields, int layers) {
    OptionalLong window =
        fields.flag("use_sliding_window", false) ? slidingWindow(fields) : OptionalLong.empty();
    List<String> kinds = fields.texts("layer_types");
    if (kinds.isEmpty()) {
      int first = fields.size("max_window_layers", 28);
      return IntStream.range(0, layers)
          .mapToObj(i -> i >= first ? window : OptionalLong.empty())
          .toList();
    }
    return kinds.stream().map(kind -> windowOfKind(fields, kind, window)).toList();
  }

  private static OptionalLong windowOfKind(JsonDocument fields, String kind, OptionalLong window) {
    return switch (kind) {
      case "full_attention" -> OptionalLong.empty();
      case "sliding_attention" -> window;
      default ->
          throw new UserError(
              "%s: %s is not supported; supported: full_attention, sliding_attention"
                  .formatted(fields.path("layer_types"), kind));
    };
  }
}
