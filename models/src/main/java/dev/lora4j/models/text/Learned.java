package dev.lora4j.models.text;

/** The tokens of a sample that carry loss. */
public enum Learned {
  /** Completion-only loss: completions, outputs, the assistant's turns. */
  ANSWERS,
  /** All tokens, prompts too. */
  EVERYTHING
}
