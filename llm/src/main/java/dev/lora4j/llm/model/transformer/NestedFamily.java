package dev.lora4j.llm.model.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.ConfigSizes;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.ModelFamily;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A family of multimodal models, of which only the text model is used: its config is in {@code
 * text_config}, its tensors are below {@code model.language_model}. Weights of the other parts are
 * ignored.
 */
public abstract class NestedFamily implements ModelFamily {
  private static final String TEXT = "text_config";
  private static final String TIE = "tie_word_embeddings";
  private static final String NESTED = "model.language_model.";
  private static final String FORMERLY_NESTED = "language_model.model.";
  private static final String FORMER_HEAD = "language_model.lm_head.";
  private static final Pattern OTHER_PARTS =
      Pattern.compile("(model\\.)?(vision_tower|multi_modal_projector)\\..*");

  private final String modelType;
  private final String architecture;
  private final String defaultTextType;

  /**
   * @param modelType Hugging Face's {@code model_type}
   * @param architecture the name of the class in transformers
   * @param defaultTextType the text model's type where {@code text_config} has none
   */
  protected NestedFamily(String modelType, String architecture, String defaultTextType) {
    this.modelType = modelType;
    this.architecture = architecture;
    this.defaultTextType = defaultTextType;
  }

  @Override
  public final String modelType() {
    return modelType;
  }

  @Override
  public final String architecture() {
    return architecture;
  }

  @Override
  public final LanguageModel create(JsonDocument fields) {
    JsonDocument text = text(fields);
    if (ModelFamily.of(text).create(text) instanceof TransformerModel model) {
      return new NestedTransformer(model);
    }
    throw new UserError(fields.path(TEXT) + " is not a transformer's");
  }

  /** Returns the name of a tensor in the text model alone. */
  public final String textName(String name) {
    return name.startsWith(NESTED) ? "model." + name.substring(NESTED.length()) : name;
  }

  /** Returns the config of the text model. */
  public final JsonDocument text(JsonDocument fields) {
    ObjectNode text = fields.object(TEXT).json();
    text.put(TIE, fields.flag(TIE, fields.object(TEXT).flag(TIE, true)));
    if (!text.hasNonNull("model_type")) {
      text.put("model_type", defaultTextType);
    }
    return JsonDocument.of(fields.file(), text);
  }

  @Override
  public final ConfigSizes sizes() {
    return ModelFamily.named(defaultTextType).orElseThrow().sizes();
  }

  @Override
  public final List<String> sizeProblems(JsonDocument config, Map<String, List<Long>> shapes) {
    Map<String, List<Long>> ofText = new HashMap<>();
    shapes.forEach((name, shape) -> ofText.put(name.replace(NESTED, "model."), shape));
    return sizes().problems(text(config), ofText);
  }

  @Override
  public final boolean isPartOfCheckpoint() {
    return true;
  }

  @Override
  public final String prefix() {
    return "model.";
  }

  @Override
  public final String modelName(String stored) {
    if (stored.startsWith(FORMERLY_NESTED)) {
      return NESTED + stored.substring(FORMERLY_NESTED.length());
    }
    return stored.startsWith(FORMER_HEAD) ? stored.substring("language_model.".length()) : stored;
  }

  @Override
  public final Pattern ignoredTensors() {
    return OTHER_PARTS;
  }

  @Override
  public List<String> defaultTargets() {
    return List.of("q_proj", "v_proj");
  }
}
