package dev.lora4j.cli.options;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
      printJson(asJson);
    } else {
      asText.accept(System.out);
    }
  }

  /** Prints one JSON object on one line. */
  public static void printJson(Consumer<ObjectNode> fill) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    fill.accept(root);
    System.out.println(root);
  }
}
