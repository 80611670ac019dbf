package dev.lora4j.models.text;

/** Whether the tokenizer adds special tokens around a text. */
enum SpecialTokenUse {
  ADDED,
  /** For texts that contain them, such as those of a chat template. */
  LEFT_OUT
}
