package dev.lora4j.llm.model.phi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.ConfigSizes;
import dev.lora4j.llm.model.ConfigSizes.Dimension;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
import dev.lora4j.llm.model.transformer.TransformerFamily;
import dev.lora4j.lora.format.GgufArchitecture;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** Phi-3, Phi-3.5, Phi-4 and Phi-4-mini. */
public final class Phi3Family extends TransformerFamily {
  private static final String PARTIAL = "partial_rotary_factor";
  private static final int ORIGINAL_POSITIONS = 4096;
  private static final Map<String, String> LAYERS =
      Map.of(
          "model.layers.#.self_attn.qkv_proj", "blk.#.attn_qkv",
          "model.layers.#.self_attn.o_proj", "blk.#.attn_output",
          "model.layers.#.mlp.gate_up_proj", "blk.#.ffn_up",
          "model.layers.#.mlp.down_proj", "blk.#.ffn_down");
  private static final ConfigSizes SIZES =
      new ConfigSizes(
          "num_hidden_layers",
          "model.layers.",
          List.of(
              new Dimension("model.embed_tokens.weight", 0, "vocab_size"),
              new Dimension("model.embed_tokens.weight", 1, "hidden_size"),
              new Dimension("model.layers.0.mlp.down_proj.weight", 1, "intermediate_size"),
              new Dimension(
                  "model.layers.0.self_attn.o_proj.weight", 1, "num_attention_heads", "head_dim")));

  public Phi3Family() {
    super("phi3", "Phi3ForCausalLM");
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new Phi3(phi3Config(fields));
  }

  Phi3Config phi3Config(JsonDocument fields) {
    TransformerConfig sizes = config(fields);
    return new Phi3Config(
        sizes, rotatedDim(fields, sizes.headDim()), fields.number("resid_pdrop", 0));
  }

  private static int rotatedDim(JsonDocument fields, int headDim) {
    double factor = RopeScaling.fields(fields).positive(PARTIAL, fields.positive(PARTIAL, 1));
    return (int) (headDim * factor);
  }

  @Override
  public ConfigSizes sizes() {
    return SIZES;
  }

  @Override
  protected Map<String, Object> unsupportedFields() {
    Map<String, Object> off = super.unsupportedFields();
    off.remove(PARTIAL);
    off.put("attention_bias", "absent");
    return off;
  }

  @Override
  protected RopeScaling ropeScaling(
      JsonDocument fields, JsonDocument rope, int headDim, int maxPositions) {
    String kind = RopeScaling.kind(rope);
    int original = fields.size("original_max_position_embeddings", ORIGINAL_POSITIONS);
    return switch (kind) {
      case "default" -> new RopeScaling.None();
      case "longrope", "su", "yarn" -> // former names
          RopeScaling.longRope(rope, original, maxPositions, rotatedDim(fields, headDim));
      default -> throw RopeScaling.unsupported(rope, kind, "default", "longrope");
    };
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
    return List.of("qkv_proj");
  }

  // ---- GGUF ----

  @Override
  public String ggufArchitecture() {
    return modelType();
  }

  @Override
  public GgufArchitecture layers(int heads, int groups) {
    return new GgufArchitecture(ggufArchitecture(), LAYERS, Map.of());
  }

  @Override
  public boolean storesWindows() {
    return true;
  }

  @Override
  public boolean rotatesPartially() {
    return true;
  }

  @Override
  public boolean hasLongRope() {
    return true;
  }

  @Override
  public void describe(JsonDocument fields, Sink metadata) {
    Phi3Config config = phi3Config(fields);
    metadata.put("rope.dimension_count", config.rotatedDim());
    OptionalLong window = config.sizes().windows().get(0);
    metadata.put("attention.sliding_window", (int) window.orElse(0)); // 0 is none
  }

  @Override
  public void addFields(Source metadata, ObjectNode config) {
    double headDim = config.path("head_dim").asDouble();
    config.put(PARTIAL, metadata.number("rope.dimension_count").orElse(headDim) / headDim);
  }

  @Override
  public void addFlags(Set<String> tensors, ObjectNode config) {}
}
