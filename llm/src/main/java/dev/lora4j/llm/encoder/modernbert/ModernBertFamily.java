package dev.lora4j.llm.encoder.modernbert;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.Encoder;
import dev.lora4j.llm.encoder.EncoderFamily;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.model.ConfigSizes;
import dev.lora4j.llm.model.ConfigSizes.Dimension;
import java.util.List;
import java.util.regex.Pattern;

/** ModernBERT. */
public final class ModernBertFamily implements EncoderFamily {
  private static final Pattern OTHERS = Pattern.compile("decoder\\..*");

  private static final ConfigSizes SIZES =
      new ConfigSizes(
          "num_hidden_layers",
          "layers.",
          List.of(
              new Dimension("embeddings.tok_embeddings.weight", 0, "vocab_size"),
              new Dimension("embeddings.tok_embeddings.weight", 1, "hidden_size"),
              new Dimension("layers.0.mlp.Wo.weight", 1, "intermediate_size")));

  @Override
  public String modelType() {
    return ModernBertConfig.MODEL_TYPE;
  }

  @Override
  public String className() {
    return "ModernBert";
  }

  @Override
  public String prefix() {
    return "model";
  }

  @Override
  public Encoder create(JsonDocument fields, Pooler pooler) {
    return new ModernBert(ModernBertConfig.of(fields));
  }

  @Override
  public EncoderWithHead create(JsonDocument fields, HeadType head, int labels) {
    return new ModernBertClassifier(ModernBertConfig.of(fields), head, labels);
  }

  @Override
  public ConfigSizes sizes() {
    return SIZES;
  }

  @Override
  public Pattern ignoredTensors() {
    return OTHERS;
  }

  /** PEFT has none. */
  @Override
  public List<String> defaultTargets() {
    return List.of("Wqkv");
  }
}
