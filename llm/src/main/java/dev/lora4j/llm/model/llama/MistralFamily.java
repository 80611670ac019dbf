package dev.lora4j.llm.model.llama;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** Mistral: a Llama with a sliding window in all layers; llama.cpp stores it as a Llama. */
public final class MistralFamily extends LlamaFamily {

  public MistralFamily() {
    super("mistral", "MistralForCausalLM");
  }

  @Override
  public boolean hasWindows() {
    return true;
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {}

  @Override
  protected int defaultGroups(int heads) {
    return 8;
  }

  @Override
  protected List<OptionalLong> windows(JsonDocument fields, int layers) {
    return Collections.nCopies(layers, slidingWindow(fields, 4096));
  }

  @Override
  protected Biases biases(JsonDocument fields) {
    return new Biases(false, false, false);
  }
}
