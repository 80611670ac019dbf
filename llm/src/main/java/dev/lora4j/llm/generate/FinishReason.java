package dev.lora4j.llm.generate;

/** The finish reason of a completion. */
public enum FinishReason {
  /** The model generated a stop token. */
  STOP_TOKEN,
  /** The model generated a stop string. */
  STOP_STRING,
  /** The constrained text is complete, and nothing can follow it. */
  COMPLETE,
  /** The maximum number of new tokens is reached. */
  LENGTH,
  /** The model's maximum sequence length is reached. */
  MAX_POSITIONS,
  /** The listener stopped the generation. */
  INTERRUPTED
}
