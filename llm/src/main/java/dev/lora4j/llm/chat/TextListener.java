package dev.lora4j.llm.chat;

/** Receives streamed text, and may stop the generation. */
@FunctionalInterface
public interface TextListener {

  /** Receives new text, often empty, after each token and returns whether to continue. */
  boolean onText(String piece);
}
