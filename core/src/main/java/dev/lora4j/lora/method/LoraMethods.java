package dev.lora4j.lora.method;

import dev.lora4j.UserError;
import dev.lora4j.lora.layer.LoraMethod;
import java.util.List;
import java.util.Locale;

/** The registered methods, by PEFT's {@code peft_type}. */
public final class LoraMethods {
  private static final List<LoraMethod> ALL = List.of(new LowRankAdaptation(), new Vera());

  private LoraMethods() {}

  /** Returns LoRA, the method of a config that names none. */
  public static LoraMethod lora() {
    return ALL.get(0);
  }

  /**
   * Returns the method of this name, in upper or lower case, with its default settings.
   *
   * @throws UserError if there is none
   */
  public static LoraMethod named(String name) {
    return ALL.stream()
        .filter(method -> method.peftType().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "no method '%s'; valid: %s"
                        .formatted(name, String.join(", ", peftTypes()).toLowerCase(Locale.ROOT))));
  }

  /** Returns PEFT's names of all methods. */
  public static List<String> peftTypes() {
    return ALL.stream().map(LoraMethod::peftType).toList();
  }
}
