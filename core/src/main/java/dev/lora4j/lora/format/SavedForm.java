package dev.lora4j.lora.format;

import dev.lora4j.lora.layer.Initialization;

/**
 * The form in which to save an adapter whose initialisation took a part of the base's weights
 * ({@link Initialization#takesFromBase}). Other adapters have only one form.
 */
public enum SavedForm {
  /**
   * Plain LoRA of twice the rank, {@code B A − B₀ A₀}, for the original base. It loads anywhere,
   * also alongside other adapters. PEFT writes this form with {@code
   * path_initial_model_for_weight_conversion}.
   */
  PLAIN,

  /**
   * The trained A and B, half the size. Loading decomposes the base's weights again. PEFT's
   * default.
   */
  AS_TRAINED
}
