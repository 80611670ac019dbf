package dev.lora4j.lora.config;

import java.util.Locale;

/** Which of the base's biases are trained along with an adapter; PEFT's {@code bias}. */
public enum BiasTraining {
  NONE,
  ALL,
  /** The biases of the adapted layers. */
  LORA_ONLY;

  /** Returns PEFT's name. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
