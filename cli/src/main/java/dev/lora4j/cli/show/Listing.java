package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;

/** The contents of a saved model or adapter. */
public interface Listing {
  /**
   * Prints the contents as text.
   *
   * @param all true for one line per tensor
   */
  void print(PrintStream out, boolean all);

  /** Adds the contents to a JSON object. */
  void fill(ObjectNode root);
}
