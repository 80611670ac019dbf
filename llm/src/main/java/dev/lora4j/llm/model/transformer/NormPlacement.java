package dev.lora4j.llm.model.transformer;

/** Where a layer's norms are: before a branch, after it, or both. */
public enum NormPlacement {
  /** Pre-norm, as in Llama. */
  BEFORE,
  /** On the output of a branch, before it is added to the residual stream, as in OLMo 2. */
  AFTER,
  /** Both, as in Gemma 2. */
  AROUND
}
