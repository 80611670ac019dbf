package dev.lora4j.models.text;

/** Which tokens carry loss where a sample has a part that is asked and a part that is answered. */
public enum Learned {
  /** Answers only: completions, outputs, the assistant's turns. */
  ANSWERS,
  /** Everything, questions too. */
  EVERYTHING
}
