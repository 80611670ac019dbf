package dev.lora4j.llm.model.phi;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.transformer.TransformerConfig;

/**
 * The sizes and architecture options of a {@link Phi3} model.
 *
 * @param sizes those of all transformers
 * @param rotatedDim size of the part of a head that is rotated, its beginning
 * @param residualDropout probability of dropping an element of a branch in training
 */
public record Phi3Config(TransformerConfig sizes, int rotatedDim, double residualDropout) {

  public Phi3Config {
    if (rotatedDim < 2 || rotatedDim > sizes.headDim() || rotatedDim % 2 != 0) {
      throw new UserError(
          "partial_rotary_factor: expected an even part of the %d elements of a head, found %d"
              .formatted(sizes.headDim(), rotatedDim));
    }
  }
}
