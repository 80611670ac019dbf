package dev.lora4j.llm.encoder;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.ConfigSizes;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Pattern;

/**
 * A family of encoders: the {@code config.json} that it reads, the models that it builds, and the
 * names of its tensors in files. Families are found by {@link ServiceLoader}.
 */
public interface EncoderFamily {

  /** Hugging Face's {@code model_type}, such as {@code bert}. */
  String modelType();

  /** The beginning of the classes in {@code architectures}: {@code Bert} of {@code BertModel}. */
  String className();

  /** Name of the encoder below a head, such as {@code bert}; some checkpoints omit it. */
  String prefix();

  /**
   * Builds an encoder.
   *
   * @param pooler whether it gets a pooler, if the family has one
   * @throws UserError naming a setting in the config that is not supported
   * @throws dev.lora4j.CorruptFile if a field is missing or of the wrong type
   */
  Encoder create(JsonDocument fields, Pooler pooler);

  /** Builds an encoder below a new head. */
  EncoderWithHead create(JsonDocument fields, HeadType head, int labels);

  /** The sizes in the config that are checked against the shapes of an encoder's weights. */
  ConfigSizes sizes();

  /** Names of stored tensors to ignore: other heads, and what follows from the config. */
  Pattern ignoredTensors();

  /** Default target modules of an adapter; those of PEFT where it has any. */
  List<String> defaultTargets();

  /** The presence of BERT's pooler over the first token. */
  enum Pooler {
    PRESENT,
    ABSENT
  }

  /** All families, in the order of their registration. */
  static List<EncoderFamily> all() {
    return ServiceLoader.load(EncoderFamily.class, EncoderFamily.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  /** The family with this model type, if there is one. */
  static Optional<EncoderFamily> named(String modelType) {
    return all().stream().filter(family -> family.modelType().equals(modelType)).findFirst();
  }

  /**
   * The family that a {@code config.json} names.
   *
   * @throws UserError listing the supported model types
   */
  static EncoderFamily of(JsonDocument fields) {
    String type = fields.text("model_type", "");
    return named(type)
        .orElseThrow(
            () -> {
              List<String> types = all().stream().map(EncoderFamily::modelType).toList();
              return new UserError(
                  "%s: model_type '%s' is no supported encoder%s; supported: %s"
                      .formatted(
                          fields.file(),
                          type,
                          NearMiss.suggestion(type, types),
                          String.join(", ", types)));
            });
  }
}
