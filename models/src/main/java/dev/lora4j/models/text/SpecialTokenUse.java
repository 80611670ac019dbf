package dev.lora4j.models.text;

/** Whether a text is encoded with the tokens that the model wants around one. */
enum SpecialTokenUse {
  ADDED,
  /** For texts that have them already, such as a chat template's. */
  LEFT_OUT
}
