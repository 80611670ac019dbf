package dev.lora4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.function.Consumer;

/** What a command answers to machines: one JSON object on one line. */
final class JsonLine {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private JsonLine() {}

  /** Prints an object that is filled by the caller. */
  static void print(PrintStream out, Consumer<ObjectNode> fill) {
    ObjectNode root = MAPPER.createObjectNode();
    fill.accept(root);
    try {
      out.println(MAPPER.writeValueAsString(root));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an object that can't be written", e);
    }
  }
}
