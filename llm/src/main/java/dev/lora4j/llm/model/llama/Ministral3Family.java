package dev.lora4j.llm.model.llama;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.RopeConfig.QueryScale;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Ministral 3: YaRN, and a factor of the queries by their position. */
public final class Ministral3Family extends LlamaFamily {
  private static final String BETA = "llama_4_scaling_beta";
  private static final String TEMPERATURE = "attention.temperature_scale";

  public Ministral3Family() {
    super("ministral3", "Ministral3ForCausalLM");
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Ministral3(config(fields), queryScale(fields));
  }

  private Optional<QueryScale> queryScale(JsonDocument fields) {
    JsonDocument rope = ropeFields(fields);
    double beta = rope.number(BETA, 0);
    return beta == 0
        ? Optional.empty()
        : Optional.of(new QueryScale(beta, rope.positive("original_max_position_embeddings")));
  }

  @Override
  protected int defaultGroups(int heads) {
    return 8;
  }

  @Override
  protected int defaultHeadDim(int hidden, int heads) {
    return 128;
  }

  @Override
  protected double defaultEpsilon() {
    return 1e-5;
  }

  @Override
  protected List<OptionalLong> windows(JsonDocument fields, int layers) {
    OptionalLong window =
        fields.has("sliding_window")
            ? OptionalLong.of(fields.size("sliding_window"))
            : OptionalLong.empty();
    return Collections.nCopies(layers, window);
  }

  @Override
  protected Biases biases(JsonDocument fields) {
    return new Biases(false, false, false);
  }

  @Override
  public List<String> defaultTargets() {
    return List.of("q_proj", "v_proj");
  }

  // ---- GGUF ----

  @Override
  public String ggufArchitecture() {
    return "mistral3";
  }

  @Override
  public boolean storesYarnMagnitude() {
    return true;
  }

  @Override
  public void requireWritable(JsonDocument fields) {
    JsonDocument rope = ropeFields(fields);
    if (rope.number(BETA, 0) != 0 && !RopeScaling.kind(rope).equals("yarn")) {
      throw new UserError(
          "%s: llama.cpp's mistral3 scales queries by their position only with yarn"
              .formatted(rope.path(BETA)));
    }
  }

  @Override
  public void describe(JsonDocument fields, Sink metadata) {
    double beta = ropeFields(fields).number(BETA, 0);
    if (beta != 0) {
      metadata.put(TEMPERATURE, beta);
    }
  }

  @Override
  public void addFields(Source metadata, ObjectNode config) {
    metadata
        .number(TEMPERATURE)
        .filter(beta -> beta != 0)
        .ifPresent(beta -> config.withObject("/rope_scaling").put(BETA, beta));
  }
}
