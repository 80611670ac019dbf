package dev.lora4j.llm.chat;

import dev.lora4j.llm.generate.Generation;

/**
 * A completion, as text.
 *
 * @param text without special tokens and stop strings
 * @param end the finish reason
 * @param generation its tokens and timings
 * @param forgotten number of earlier messages dropped to fit the maximum sequence length
 */
public record Completion(String text, End end, Generation generation, int forgotten) {

  /** The finish reason. */
  public enum End {
    /** The model generated a stop token. */
    STOP_TOKEN,
    /** The model generated a stop string. */
    STOP_STRING,
    /** The maximum number of new tokens is reached. */
    LENGTH,
    /** The model's maximum sequence length is reached. */
    MAX_POSITIONS,
    /** The listener stopped the generation. */
    INTERRUPTED
  }
}
