package dev.lora4j.llm.constrain.schema;

import dev.lora4j.UserError;
import dev.lora4j.llm.constrain.grammar.ByteSwitch;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.TreeMap;

/** A set of texts, each with what follows it, as a prefix tree. */
final class Literals {
  private static final int MAX_LENGTH = 1000;

  private final TreeMap<Integer, Literals> children = new TreeMap<>();
  private Optional<GrammarNode> next = Optional.empty();

  /** Adds a text; one that is there already is replaced. */
  void add(String text, GrammarNode following) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_LENGTH) {
      throw new UserError(
          "a text of %d bytes in the schema; enum and const allow at most %d"
              .formatted(bytes.length, MAX_LENGTH));
    }
    Literals at = this;
    for (byte value : bytes) {
      at = at.children.computeIfAbsent(value & 0xff, b -> new Literals());
    }
    at.next = Optional.of(following);
  }

  boolean isEmpty() {
    return children.isEmpty() && next.isEmpty();
  }

  /** Returns a node that reads one of the texts. */
  GrammarNode build(GrammarBuilder builder) {
    ByteSwitch reader = builder.byteSwitch();
    children.forEach((value, child) -> reader.on(value, child.build(builder)));
    if (next.isEmpty()) {
      return reader;
    }
    return children.isEmpty() ? next.get() : builder.choice(next.get(), reader);
  }
}
