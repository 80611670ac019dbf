package dev.lora4j.llm.chat;

import java.io.PrintStream;

/** Receives streamed text, and may stop the generation. */
@FunctionalInterface
public interface TextListener {

  /**
   * Called after each token.
   *
   * @param piece the new text; often empty, since a character or a stop string may be incomplete
   * @return whether to continue
   */
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
