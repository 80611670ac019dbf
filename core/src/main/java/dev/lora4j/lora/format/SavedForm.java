package dev.lora4j.lora.format;

import dev.lora4j.lora.layer.Initialization;

/**
 * The form in which to save an adapter whose initialisation came from the base's weights: PiSSA and
 * OLoRA ({@link Initialization#takesFromBase}), and LoftQ. Other adapters have only one form.
 */
public enum SavedForm {
  /**
   * Plain LoRA of twice the rank, {@code B A − B₀ A₀}, for the original base. It loads anywhere,
   * also alongside other adapters. PEFT writes this form with {@code
   * path_initial_model_for_weight_conversion}.
   *
   * <p>LoftQ with one iteration leaves the base as it is: A and B, for the quantised base. With
   * more iterations the base is not the one of any file: as {@link #FOR_ORIGINAL}.
   */
  PLAIN,

  /**
   * The trained A and B, half the size. Loading decomposes the base's weights again. PEFT's
   * default.
   */
  AS_TRAINED,

  /**
   * Plain LoRA of twice the rank, {@code B A − B₀ A₀}, for the base before quantisation. After
   * LoftQ, the original weights take the place of {@code Q + B₀ A₀}, which are nearly the same. It
   * has no fingerprint of its base. For all other adapters the same as {@link #PLAIN}.
   */
  FOR_ORIGINAL
}
