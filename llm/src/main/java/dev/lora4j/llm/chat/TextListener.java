package dev.lora4j.llm.chat;

import java.io.PrintStream;

/** Receives streamed text, and may stop the generation. */
@FunctionalInterface
public interface TextListener {

  /** Receives new text, often empty, after each token and returns whether to continue. */
  boolean onText(String piece);

  /** Prints the text as it is generated. */
  static TextListener printingTo(PrintStream out) {
    return piece -> {
      out.print(piece);
      out.flush();
      return true;
    };
  }
}
