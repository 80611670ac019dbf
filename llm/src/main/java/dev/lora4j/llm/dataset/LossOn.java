package dev.lora4j.llm.dataset;

/** The choice of a sample's loss tokens. */
public enum LossOn {
  /** Completion-only loss: completions, outputs, the assistant's turns. */
  ANSWERS,
  /** All tokens, prompts too. */
  EVERYTHING
}
