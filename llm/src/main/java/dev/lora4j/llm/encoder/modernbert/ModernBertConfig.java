package dev.lora4j.llm.encoder.modernbert;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.encoder.EncoderActivation;
import dev.lora4j.llm.encoder.EncoderConfig;
import dev.lora4j.llm.model.LayerCount;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The sizes and architecture options of a {@link ModernBert} model.
 *
 * @param slidingLayers whether each layer attends within the window only
 * @param window the largest distance of a token that such a layer attends to
 * @param fullTheta base of the rotary frequencies of the other layers
 * @param slidingTheta base of the rotary frequencies of the layers with a window
 */
public record ModernBertConfig(
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int heads,
    int maxPositions,
    int padId,
    List<Boolean> slidingLayers,
    int window,
    double fullTheta,
    double slidingTheta,
    double normEpsilon,
    boolean normBias,
    boolean attentionBias,
    boolean feedForwardBias,
    String activation,
    double embeddingDropout,
    double attentionDropout,
    double feedForwardDropout,
    ClassifierOptions classifier)
    implements EncoderConfig {

  /** Hugging Face's {@code model_type}. */
  static final String MODEL_TYPE = "modernbert";

  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";

  /**
   * The options of the classification heads.
   *
   * @param meanPooling whether a text's logits come from the mean of its hidden states instead of
   *     the first one
   */
  public record ClassifierOptions(
      boolean meanPooling, boolean bias, String activation, double dropout) {

    private static ClassifierOptions of(JsonDocument fields) {
      String pooling = fields.text("classifier_pooling", "cls");
      List<String> known = List.of("cls", "mean");
      if (!known.contains(pooling)) {
        throw new UserError(
            "%s: no pooling '%s'%s"
                .formatted(
                    fields.path("classifier_pooling"), pooling, NearMiss.hint(pooling, known)));
      }
      return new ClassifierOptions(
          pooling.equals("mean"),
          fields.flag("classifier_bias", false),
          EncoderActivation.name(fields, "classifier_activation"),
          fields.number("classifier_dropout", 0));
    }
  }

  public ModernBertConfig {
    slidingLayers = List.copyOf(slidingLayers);
    if (hiddenSize % heads != 0) {
      throw new UserError(
          "num_attention_heads = %d must divide hidden_size = %d".formatted(heads, hiddenSize));
    }
  }

  @Override
  public String modelType() {
    return MODEL_TYPE;
  }

  @Override
  public int layers() {
    return slidingLayers.size();
  }

  @Override
  public int tokenTypes() {
    return 0;
  }

  /**
   * Reads a Hugging Face {@code config.json}, as versions before and after 5 of transformers write
   * it.
   *
   * @throws UserError naming a setting that is not supported
   * @throws dev.lora4j.CorruptFile if a field is missing or of the wrong type
   */
  public static ModernBertConfig of(JsonDocument fields) {
    fields.refuseUnless(Map.of("quantization_config", "absent"));
    double fullTheta = theta(fields, FULL, fields.positive("global_rope_theta", 160_000));
    boolean shared = fields.isPresent("local_rope_theta") && !fields.has("local_rope_theta");
    return new ModernBertConfig(
        fields.size("vocab_size"),
        fields.size("hidden_size"),
        fields.size("intermediate_size"),
        fields.size("num_attention_heads"),
        fields.size("max_position_embeddings", 8192),
        (int) fields.number("pad_token_id", 50283),
        slidingLayers(fields),
        fields.size("local_attention", 128) / 2,
        fullTheta,
        theta(fields, SLIDING, shared ? fullTheta : fields.positive("local_rope_theta", 10_000)),
        fields.positive("norm_eps", 1e-5),
        fields.flag("norm_bias", false),
        fields.flag("attention_bias", false),
        fields.flag("mlp_bias", false),
        EncoderActivation.name(fields, "hidden_activation"),
        fields.number("embedding_dropout", 0),
        fields.number("attention_dropout", 0),
        fields.number("mlp_dropout", 0),
        ClassifierOptions.of(fields));
  }

  private static double theta(JsonDocument fields, String layerType, double older) {
    fields.object("rope_scaling").refuseUnless(Map.of("rope_type", "default", "type", "default"));
    JsonDocument rope = fields.object("rope_parameters").object(layerType);
    rope.refuseUnless(Map.of("rope_type", "default", "partial_rotary_factor", 1.0));
    return rope.positive("rope_theta", older);
  }

  private static List<Boolean> slidingLayers(JsonDocument fields) {
    int layers = LayerCount.of(fields, "num_hidden_layers");
    List<String> types = fields.texts("layer_types");
    if (types.isEmpty()) {
      int every = fields.size("global_attn_every_n_layers", 3);
      return IntStream.range(0, layers).mapToObj(i -> i % every != 0).toList();
    }
    if (types.size() != layers) {
      throw fields.wrong("layer_types", "a list of num_hidden_layers = " + layers, types);
    }
    List<String> known = List.of(FULL, SLIDING);
    for (String type : types) {
      if (!known.contains(type)) {
        throw new UserError(
            "%s: no layer type '%s'%s"
                .formatted(fields.path("layer_types"), type, NearMiss.hint(type, known)));
      }
    }
    return types.stream().map(SLIDING::equals).toList();
  }
}
