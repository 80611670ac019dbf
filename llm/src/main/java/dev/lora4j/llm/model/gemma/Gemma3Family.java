package dev.lora4j.llm.model.gemma;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.RopeConfig;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gemma 3, text only: a Gemma 2 without soft caps, with norms of queries and keys. */
public final class Gemma3Family extends Gemma2Family {
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";
  private static final double LOCAL_THETA = 10_000;
  private static final String PATTERN = "sliding_window_pattern";

  public Gemma3Family() {
    super("gemma3_text", "Gemma3ForCausalLM");
  }

  /** The configs of the models with vision omit most of these. */
  @Override
  protected Map<String, Object> defaults() {
    Map<String, Object> defaults = new HashMap<>();
    defaults.put("vocab_size", 262_208);
    defaults.put("hidden_size", 2304);
    defaults.put("intermediate_size", 9216);
    defaults.put("num_hidden_layers", 26);
    defaults.put("num_attention_heads", 8);
    defaults.put("max_position_embeddings", 131_072);
    return defaults;
  }

  @Override
  protected boolean normalisesQueriesAndKeys() {
    return true;
  }

  @Override
  int slidingPattern(JsonDocument fields) {
    return fields.size(PATTERN, defaultPattern());
  }

  @Override
  int defaultPattern() {
    return 6;
  }

  /** {@code rope_scaling} is of the layers without a window only. */
  @Override
  protected JsonDocument ropeFields(JsonDocument fields) {
    JsonDocument scaling = fields.object("rope_scaling");
    return scaling.fields().iterator().hasNext()
        ? scaling
        : fields.object("rope_parameters").object(FULL);
  }

  @Override
  protected double defaultTheta() {
    return 1_000_000;
  }

  @Override
  RopeConfig slidingRope(JsonDocument fields, TransformerConfig sizes) {
    JsonDocument rope = fields.object("rope_parameters").object(SLIDING);
    double theta =
        rope.positive("rope_theta", fields.positive("rope_local_base_freq", LOCAL_THETA));
    RopeScaling scaling = RopeScaling.read(rope, sizes.maxPositions());
    return RopeConfig.of(theta, sizes.headDim(), scaling);
  }

  // ---- GGUF ----

  @Override
  public String ggufArchitecture() {
    return "gemma3";
  }

  @Override
  public Set<String> caps() {
    return Set.of();
  }

  @Override
  int layersOf27b() {
    return 62;
  }

  @Override
  List<String> furtherProblems(JsonDocument fields) {
    List<String> problems = new ArrayList<>();
    for (String cap : List.of(SCORE_CAP, LOGIT_CAP)) {
      if (fields.has(cap)) {
        problems.add(cap);
      }
    }
    RopeConfig sliding = slidingRope(fields, config(fields));
    if (sliding.theta() != LOCAL_THETA || !(sliding.scaling() instanceof RopeScaling.None)) {
      problems.add("rotary positions of its sliding layers other than those of theta 10000");
    }
    return problems;
  }

  @Override
  void addCaps(Source metadata, ObjectNode config) {
    config.putNull(SCORE_CAP);
    config.putNull(LOGIT_CAP);
    config.put("rope_local_base_freq", metadata.number("rope.freq_base_swa").orElse(LOCAL_THETA));
  }
}
