package dev.lora4j.llm.encoder;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.nn.Activation;
import java.util.List;

/** The activations that an encoder's config may name, as transformers' {@code ACT2FN} does. */
public final class EncoderActivation {
  private static final List<String> NAMES =
      List.of(
          "gelu",
          "gelu_python",
          "gelu_new",
          "gelu_fast",
          "gelu_pytorch_tanh",
          "relu",
          "silu",
          "swish",
          "tanh");

  private EncoderActivation() {}

  /**
   * Reads the name of an activation.
   *
   * @throws UserError if it is not supported
   */
  public static String name(JsonDocument fields, String key) {
    String name = fields.text(key, "gelu");
    if (!NAMES.contains(name)) {
      throw new UserError(
          "%s: no activation '%s'%s".formatted(fields.path(key), name, NearMiss.hint(name, NAMES)));
    }
    return name;
  }

  /** Creates the activation of a name that was checked before. */
  public static Activation create(String name) {
    return switch (name) {
      case "gelu_new", "gelu_fast", "gelu_pytorch_tanh" -> Activation.geluTanh();
      case "relu" -> Activation.relu();
      case "silu", "swish" -> Activation.silu();
      case "tanh" -> Activation.tanh();
      default -> Activation.gelu(); // gelu, gelu_python
    };
  }
}
