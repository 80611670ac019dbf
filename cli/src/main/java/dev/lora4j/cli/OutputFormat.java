package dev.lora4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** The form of a result on standard output: text, or one JSON object. */
final class OutputFormat {
  @Option(
      names = "--json",
      description = "Print one JSON object to stdout, everything else to stderr.")
  private boolean json;

  boolean json() {
    return json;
  }

  /** The stream for messages beside the result. */
  PrintStream messages() {
    return json ? System.err : System.out;
  }

  /** Prints the result in the chosen form. */
  void show(Consumer<ObjectNode> asJson, Consumer<PrintStream> asText) {
    if (json) {
      JsonLine.print(System.out, asJson);
    } else {
      asText.accept(System.out);
    }
  }
}
