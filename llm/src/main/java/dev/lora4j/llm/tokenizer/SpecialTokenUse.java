package dev.lora4j.llm.tokenizer;

/** The handling of special tokens around a text. */
public enum SpecialTokenUse {
  /** The tokenizer adds them. */
  ADDED,
  /** For texts that contain them, such as those of a chat template. */
  LEFT_OUT
}
