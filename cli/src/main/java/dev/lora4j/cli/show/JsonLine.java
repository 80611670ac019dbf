package dev.lora4j.cli.show;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.function.Consumer;

/** Prints the result of a command as one JSON object on one line. */
public final class JsonLine {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private JsonLine() {}

  /** Prints the object that the caller fills. */
  public static void print(PrintStream out, Consumer<ObjectNode> fill) {
    ObjectNode root = MAPPER.createObjectNode();
    fill.accept(root);
    try {
      out.println(MAPPER.writeValueAsString(root));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write the JSON object", e);
    }
  }
}
