package dev.lora4j.cli.options;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.JsonLine;
import java.io.PrintStream;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** The form of a result on standard output: text, or one JSON object. */
public final class OutputFormat {
  @Option(
      names = "--json",
      description = "Print one JSON object to stdout, everything else to stderr.")
  private boolean json;

  public boolean json() {
    return json;
  }

  /** The stream for messages beside the result. */
  public PrintStream messages() {
    return json ? System.err : System.out;
  }

  /** Prints the result in the chosen form. */
  public void show(Consumer<ObjectNode> asJson, Consumer<PrintStream> asText) {
    if (json) {
      JsonLine.print(System.out, asJson);
    } else {
      asText.accept(System.out);
    }
  }
}
