package dev.lora4j.lora.format;

/**
 * How an adapter is written whose beginning took something from its base ({@link
 * Initialization#takesFromBase}). Of all other adapters there is one form.
 */
public enum SavedForm {
  /**
   * As plain LoRA of twice the rank: {@code B A − B₀ A₀} for the base as it was. It loads anywhere,
   * and beside other adapters. What PEFT writes with {@code
   * path_initial_model_for_weight_conversion}.
   */
  PLAIN,

  /**
   * A and B as they are trained, half the size. Whoever loads it decomposes the base's weights once
   * more. What PEFT writes unless told otherwise.
   */
  AS_TRAINED
}
