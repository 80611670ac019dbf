package dev.lora4j.models.talk;

import dev.lora4j.models.generation.Generation;

/**
 * What a model wrote.
 *
 * @param text without special tokens and stop strings
 * @param end why it ended
 * @param generation its tokens, and how long they took
 * @param forgotten how many earlier messages of the conversation were left out, since all together
 *     are longer than the model can read
 */
public record Answer(String text, End end, Generation generation, int forgotten) {

  /** Why a text ended. */
  public enum End {
    /** The model said that it is complete. */
    STOP_TOKEN,
    /** A stop string came. */
    STOP_STRING,
    /** It has as many tokens as were asked for. */
    LENGTH,
    /** The model's longest text is reached. */
    MAX_POSITIONS,
    /** The listener did not want more. */
    INTERRUPTED
  }
}
