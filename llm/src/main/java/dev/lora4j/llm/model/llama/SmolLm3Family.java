package dev.lora4j.llm.model.llama;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.LayerCount;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** SmolLM3: a Llama without rotary positions in every fourth layer, or in those of a list. */
public final class SmolLm3Family extends LlamaFamily {
  private static final String ROTATED = "no_rope_layers"; // 1 for a layer with rotary positions
  private static final int INTERVAL = 4;

  public SmolLm3Family() {
    super("smollm3", "SmolLM3ForCausalLM");
  }

  @Override
  public LanguageModel create(JsonDocument fields) {
    return new SmolLm3(config(fields), rotated(fields, LayerCount.of(fields, "num_hidden_layers")));
  }

  @Override
  protected Map<String, Object> unsupportedFields() {
    Map<String, Object> off = super.unsupportedFields();
    off.remove(ROTATED);
    return off;
  }

  @Override
  protected int defaultGroups(int heads) {
    return 4;
  }

  @Override
  protected double defaultTheta() {
    return 2_000_000;
  }

  @Override
  protected boolean tiesHeadByDefault() {
    return true;
  }

  /** Returns for each layer whether it has rotary positions. */
  static List<Boolean> rotated(JsonDocument fields, int layers) {
    List<Long> flags = fields.integers(ROTATED);
    if (flags.isEmpty()) {
      int interval = fields.size("no_rope_layer_interval", INTERVAL);
      return IntStream.rangeClosed(1, layers).mapToObj(i -> i % interval != 0).toList();
    }
    if (flags.size() < layers) {
      throw fields.wrong(ROTATED, "a list with 0 or 1 for each layer", fields.node(ROTATED));
    }
    return flags.stream().limit(layers).map(flag -> flag != 0).toList();
  }

  @Override
  protected List<OptionalLong> windows(JsonDocument fields, int layers) {
    OptionalLong window =
        fields.flag("use_sliding_window", false) && fields.has("sliding_window")
            ? OptionalLong.of(fields.size("sliding_window"))
            : OptionalLong.empty();
    return fields.texts("layer_types").isEmpty()
        ? rotated(fields, layers).stream()
            .map(rotates -> rotates ? OptionalLong.empty() : window)
            .toList()
        : windowsByType(fields, window);
  }

  @Override
  public List<String> defaultTargets() {
    return List.of("q_proj", "v_proj");
  }

  // ---- GGUF ----

  @Override
  public String ggufArchitecture() {
    return modelType();
  }

  @Override
  public void requireWritable(JsonDocument fields) {
    int layers = LayerCount.of(fields, "num_hidden_layers");
    List<Boolean> ofLlamaCpp =
        IntStream.rangeClosed(1, layers).mapToObj(i -> i % INTERVAL != 0).toList();
    if (!rotated(fields, layers).equals(ofLlamaCpp)) {
      throw new UserError(
          "%s: llama.cpp's smollm3 has no rotary positions in every fourth layer, and in no others"
              .formatted(fields.path(ROTATED)));
    }
  }
}
