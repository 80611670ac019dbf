package dev.lora4j.llm.vocabulary;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * The post-processor of a {@code tokenizer.json} that adds a token before and after a text.
 *
 * @param bos the token before it
 * @param eos the token after it
 */
public record BosEosTemplate(Optional<Token> bos, Optional<Token> eos) {
  /** A token of the vocabulary. */
  public record Token(int id, String text) {}

  /** Returns the {@code post_processor}; empty if no token is added. */
  public Optional<ObjectNode> json() {
    if (bos.isEmpty() && eos.isEmpty()) {
      return Optional.empty();
    }
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("type", "TemplateProcessing");
    sequence(json.putArray("single"), "A", 0);
    ArrayNode pair = json.putArray("pair");
    sequence(pair, "A", 0);
    sequence(pair, "B", 1);
    ObjectNode tokens = json.putObject("special_tokens");
    bos.ifPresent(token -> describe(tokens, token));
    eos.ifPresent(token -> describe(tokens, token));
    return Optional.of(json);
  }

  private void sequence(ArrayNode parts, String id, int type) {
    bos.ifPresent(token -> special(parts, token, type));
    parts.addObject().putObject("Sequence").put("id", id).put("type_id", type);
    eos.ifPresent(token -> special(parts, token, type));
  }

  private static void special(ArrayNode parts, Token token, int type) {
    parts.addObject().putObject("SpecialToken").put("id", token.text()).put("type_id", type);
  }

  private static void describe(ObjectNode tokens, Token token) {
    ObjectNode described = tokens.putObject(token.text()).put("id", token.text());
    described.putArray("ids").add(token.id());
    described.set(
        "tokens", described.arrayNode().addAll(List.of(described.textNode(token.text()))));
  }
}
