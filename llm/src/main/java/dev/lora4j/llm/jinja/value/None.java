package dev.lora4j.llm.jinja.value;

/** Python's {@code None}. */
public enum None {
  NONE
}
