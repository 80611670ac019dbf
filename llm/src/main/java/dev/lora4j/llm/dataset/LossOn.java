package dev.lora4j.llm.dataset;

/** The tokens of a sample that carry loss. */
public enum LossOn {
  /** Completion-only loss: completions, outputs, the assistant's turns. */
  ANSWERS,
  /** All tokens, prompts too. */
  EVERYTHING
}
