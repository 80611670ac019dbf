package dev.lora4j.models.text.jinja;

/** Python's {@code None}. */
enum None {
  NONE
}
