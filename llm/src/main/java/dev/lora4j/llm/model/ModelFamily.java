package dev.lora4j.llm.model;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Pattern;

/**
 * A family of language models: the {@code config.json} that it reads, the model that it builds, and
 * the names of its tensors in files. Families are found by {@link ServiceLoader}.
 */
public interface ModelFamily {

  /** Hugging Face's {@code model_type}, such as {@code llama}. */
  String modelType();

  /** The class that {@code architectures} names, such as {@code LlamaForCausalLM}. */
  String architecture();

  /**
   * Builds a model.
   *
   * @throws UserError naming a setting in the config that is not supported
   * @throws dev.lora4j.CorruptFile if a field is missing or of the wrong type
   */
  LanguageModel create(JsonDocument fields);

  /** The sizes in the config that are checked against the shapes of the weights. */
  ConfigSizes sizes();

  /**
   * Lists the sizes in a config that differ from the shapes of the weights.
   *
   * @param shapes the shape of each tensor by the model's name
   */
  default List<String> sizeProblems(JsonDocument config, Map<String, List<Long>> shapes) {
    return sizes().problems(config, shapes);
  }

  /** Returns whether the model is only a part of its checkpoints, the text model. */
  default boolean isPartOfCheckpoint() {
    return false;
  }

  /** The model's name of a stored tensor, where checkpoints have an older one. */
  default String modelName(String stored) {
    return stored;
  }

  /** Returns whether a parameter holds the weights of all experts, which files have apart. */
  default boolean stacksExperts() {
    return false;
  }

  /** Prefix of all tensor names but the output projection's; some checkpoints omit it. */
  String prefix();

  /** Names of stored tensors to ignore because they follow from the config. */
  Pattern ignoredTensors();

  /** Default target modules of an adapter; empty if PEFT's own table lists the model type. */
  default List<String> defaultTargets() {
    return List.of();
  }

  /** llama.cpp's names and layout for these models; empty if it does not support them. */
  default Optional<GgufNames> gguf() {
    return Optional.empty();
  }

  /** All families, in the order of their registration. */
  static List<ModelFamily> all() {
    return ServiceLoader.load(ModelFamily.class, ModelFamily.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  /** The family with this model type, if there is one. */
  static Optional<ModelFamily> named(String modelType) {
    return all().stream().filter(family -> family.modelType().equals(modelType)).findFirst();
  }

  /**
   * The family that a {@code config.json} names.
   *
   * @throws UserError listing the supported model types
   */
  static ModelFamily of(JsonDocument fields) {
    String type = fields.text("model_type", "");
    return named(type)
        .orElseThrow(
            () -> {
              List<String> types = all().stream().map(ModelFamily::modelType).toList();
              return new UserError(
                  "%s: model_type '%s' is not supported%s; supported: %s"
                      .formatted(
                          fields.file(),
                          type,
                          NearMiss.nearest(type, types).isEmpty() ? "" : NearMiss.hint(type, types),
                          String.join(", ", types)));
            });
  }
}
