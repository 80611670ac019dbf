package dev.lora4j.llm.model.gemma;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.RopeConfig;
import dev.lora4j.llm.model.transformer.TransformerConfig;
import dev.lora4j.llm.model.transformer.TransformerConfig.Biases;
import dev.lora4j.llm.model.transformer.TransformerFamily;
import dev.lora4j.nn.kernel.SoftCap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;

/** Gemma 2; {@link Gemma3Family} overrides the differences. */
public class Gemma2Family extends TransformerFamily {
  static final String SCORE_CAP = "attn_logit_softcapping";
  static final String LOGIT_CAP = "final_logit_softcapping";
  static final String SCALAR = "query_pre_attn_scalar";

  public Gemma2Family() {
    this("gemma2", "Gemma2ForCausalLM");
  }

  Gemma2Family(String modelType, String architecture) {
    super(modelType, architecture);
  }

  @Override
  public final LanguageModel create(JsonDocument fields) {
    return new Gemma(gemmaConfig(fields));
  }

  final GemmaConfig gemmaConfig(JsonDocument given) {
    JsonDocument fields = complete(given);
    TransformerConfig sizes = config(fields);
    return new GemmaConfig(
        sizes,
        RopeConfig.of(sizes.ropeTheta(), sizes.headDim(), sizes.ropeScaling()),
        slidingRope(fields, sizes),
        1 / Math.sqrt(fields.positive(SCALAR, 256)),
        cap(fields, SCORE_CAP),
        cap(fields, LOGIT_CAP));
  }

  private static Optional<SoftCap> cap(JsonDocument fields, String key) {
    return fields.has(key) ? Optional.of(new SoftCap(fields.positive(key))) : Optional.empty();
  }

  @Override
  protected Map<String, Object> defaults() {
    Map<String, Object> defaults = new HashMap<>();
    defaults.put(SCORE_CAP, 50.0);
    defaults.put(LOGIT_CAP, 30.0);
    return defaults;
  }

  RopeConfig slidingRope(JsonDocument fields, TransformerConfig sizes) {
    return RopeConfig.of(sizes.ropeTheta(), sizes.headDim(), sizes.ropeScaling());
  }

  @Override
  protected final Map<String, Object> unsupportedFields() {
    Map<String, Object> off = super.unsupportedFields();
    off.keySet().removeAll(List.of("hidden_act", SCORE_CAP, LOGIT_CAP, SCALAR));
    off.put("hidden_activation", "gelu_pytorch_tanh");
    return off;
  }

  @Override
  protected final int defaultGroups(int heads) {
    return 4;
  }

  @Override
  protected final int defaultHeadDim(int hidden, int heads) {
    return 256;
  }

  @Override
  protected final boolean tiesHeadByDefault() {
    return true;
  }

  @Override
  protected final Biases biases(JsonDocument fields) {
    boolean attention = fields.flag("attention_bias", false);
    return new Biases(attention, attention, false);
  }

  @Override
  protected final List<OptionalLong> windows(JsonDocument fields, int layers) {
    OptionalLong window = slidingWindow(fields, 4096);
    if (!fields.texts("layer_types").isEmpty()) {
      return windowsByType(fields, window);
    }
    int pattern = slidingPattern(fields);
    return IntStream.rangeClosed(1, layers)
        .mapToObj(i -> i % pattern == 0 ? OptionalLong.empty() : window)
        .toList();
  }

  /** Number of layers of which the last has no window, where {@code layer_types} is absent. */
  int slidingPattern(JsonDocument fields) {
    return defaultPattern();
  }

  int defaultPattern() {
    return 2;
  }

  // ---- GGUF ----

  @Override
  public String ggufArchitecture() {
    return modelType();
  }

  @Override
  public final Map<String, String> otherModules() {
    Map<String, String> modules = new HashMap<>(super.otherModules());
    modules.put("model.layers.#.post_attention_layernorm", "blk.#.post_attention_norm");
    modules.put("model.layers.#.pre_feedforward_layernorm", "blk.#.ffn_norm");
    modules.put("model.layers.#.post_feedforward_layernorm", "blk.#.post_ffw_norm");
    return modules;
  }

  @Override
  public final boolean storesWindows() {
    return true;
  }

  @Override
  public Set<String> caps() {
    return Set.of(SCORE_CAP, LOGIT_CAP);
  }

  @Override
  public final double normOffset() {
    return 1;
  }

  /** llama.cpp's scale of the scores and its layers with windows follow from other sizes. */
  @Override
  public final void requireWritable(JsonDocument given) {
    JsonDocument fields = complete(given);
    TransformerConfig sizes = config(given);
    double scalar = fields.positive(SCALAR, 256);
    double ofLlamaCpp =
        llamaCppScalar(sizes.layers(), sizes.hiddenSize(), sizes.heads(), sizes.headDim());
    List<String> problems = new ArrayList<>();
    if (scalar != ofLlamaCpp) {
      problems.add("%s = %s instead of %s".formatted(SCALAR, scalar, ofLlamaCpp));
    }
    if (!sizes.windows().equals(windowsOfLlamaCpp(sizes))) {
      problems.add("layer_types: sliding and full layers in another order");
    }
    problems.addAll(furtherProblems(fields));
    if (!problems.isEmpty()) {
      throw new UserError(
          "%s: llama.cpp's %s does not have %s"
              .formatted(fields.file(), ggufArchitecture(), String.join(", ", problems)));
    }
  }

  private List<OptionalLong> windowsOfLlamaCpp(TransformerConfig sizes) {
    OptionalLong window =
        sizes.windows().stream()
            .filter(OptionalLong::isPresent)
            .findFirst()
            .orElse(OptionalLong.empty());
    return IntStream.rangeClosed(1, sizes.layers())
        .mapToObj(i -> i % defaultPattern() == 0 ? OptionalLong.empty() : window)
        .toList();
  }

  /** Returns settings that the architecture does not have. */
  List<String> furtherProblems(JsonDocument fields) {
    return fields.has(SCORE_CAP) && fields.has(LOGIT_CAP) ? List.of() : List.of("no soft caps");
  }

  /** {@code query_pre_attn_scalar}: the size of a head, but in the 27B the width of one. */
  private double llamaCppScalar(int layers, int hidden, int heads, int headDim) {
    return layers == layersOf27b() ? (double) hidden / heads : headDim;
  }

  int layersOf27b() {
    return 46;
  }

  @Override
  public void describe(JsonDocument given, Sink metadata) {
    JsonDocument fields = complete(given);
    config(given).windows().stream()
        .filter(OptionalLong::isPresent)
        .findFirst()
        .ifPresent(window -> metadata.put("attention.sliding_window", (int) window.getAsLong()));
    for (String cap : List.of(SCORE_CAP, LOGIT_CAP)) {
      if (fields.has(cap)) {
        metadata.put(cap, fields.positive(cap));
      }
    }
  }

  @Override
  public void addFields(Source metadata, ObjectNode config) {
    config.put("hidden_act", "gelu_pytorch_tanh");
    config.put("hidden_activation", "gelu_pytorch_tanh");
    config.put(
        SCALAR,
        llamaCppScalar(
            config.path("num_hidden_layers").asInt(),
            config.path("hidden_size").asInt(),
            config.path("num_attention_heads").asInt(),
            config.path("head_dim").asInt()));
    addCaps(metadata, config);
  }

  void addCaps(Source metadata, ObjectNode config) {
    config.put(SCORE_CAP, metadata.number(SCORE_CAP).orElse(50.0));
    config.put(LOGIT_CAP, metadata.number(LOGIT_CAP).orElse(30.0));
  }

  @Override
  public final void addFlags(Set<String> tensors, ObjectNode config) {
    config.put("attention_bias", tensors.contains("blk.0.attn_q.bias"));
  }
}
