package dev.lora4j.llm.tokenizer;

/** Whether the tokenizer adds special tokens around a text. */
public enum SpecialTokenUse {
  ADDED,
  /** For texts that contain them, such as those of a chat template. */
  LEFT_OUT
}
