package dev.lora4j.lora.config;

import java.util.Locale;

/** Which of the base's biases are trained along with an adapter; PEFT's {@code bias}. */
public enum BiasTraining {
  /** None of them. */
  NONE,
  /** All of them. */
  ALL,
  /** Those of the adapted layers. */
  LORA_ONLY;

  /** PEFT's word for it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
