package dev.lora4j.llm.model.llama;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
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
  public String ggufArchitecture() {
    return modelType();
  }

  @Override
  protected final boolean interleavesHeads() {
    return false;
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {
    config.put("use_sliding_window", false);
  }

  @Override
  protected Biases biases(JsonDocument fields) {
    return new Biases(true, false, false);
  }

  @Override
  protected List<OptionalLong> windows(JsonDocument fields, int layers) {
    OptionalLong window =
        fields.flag("use_sliding_window", false)
            ? slidingWindow(fields, 4096)
            : OptionalLong.empty();
    if (!fields.texts("layer_types").isEmpty()) {
      return windowsByType(fields, window);
    }
    int first = fields.size("max_window_layers", 28);
    return IntStream.range(0, layers)
        .mapToObj(i -> i >= first ? window : OptionalLong.empty())
        .toList();
  }
}
