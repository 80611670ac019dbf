package dev.lora4j.llm.constrain.grammar;

import dev.lora4j.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Builds a grammar from its end to its beginning: each node is created with what follows it. */
public final class GrammarBuilder {
  private static final int MAX_NODES = 200_000;

  private final List<GrammarNode> nodes = new ArrayList<>();
  private final GrammarNode end = add(new GrammarNode.End());

  private <N extends GrammarNode> N add(N node) {
    if (nodes.size() >= MAX_NODES) {
      throw new UserError(
          "the grammar has more than %d states; use a smaller schema, or smaller bounds in it"
              .formatted(MAX_NODES));
    }
    nodes.add(node);
    return node;
  }

  /** The end of a rule. */
  public GrammarNode end() {
    return end;
  }

  /** A switch without ranges, to be filled. */
  public ByteSwitch byteSwitch() {
    return add(new ByteSwitch());
  }

  /** A byte of a range. */
  public GrammarNode range(int from, int to, GrammarNode next) {
    return byteSwitch().on(from, to, next);
  }

  /** A text in UTF-8. */
  public GrammarNode literal(String text, GrammarNode next) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    GrammarNode node = next;
    for (int i = bytes.length - 1; i >= 0; i--) {
      node = byteSwitch().on(bytes[i] & 0xff, node);
    }
    return node;
  }

  /** Alternatives; more can be added. */
  public Choice choice(GrammarNode... options) {
    Choice choice = add(new Choice());
    for (GrammarNode option : options) {
      choice.or(option);
    }
    return choice;
  }

  /** A rule without a body, to be defined. */
  public Rule rule() {
    return new Rule(add(new Choice()));
  }

  /** A rule with this body. */
  public Rule rule(GrammarNode body) {
    return new Rule(body);
  }

  /** A rule and what follows it. */
  public GrammarNode call(Rule rule, GrammarNode next) {
    return add(new GrammarNode.RuleCall(rule, next));
  }

  /** A special token, which no bytes can spell. */
  public GrammarNode specialToken(int id, GrammarNode next) {
    return add(new GrammarNode.SpecialToken(id, next));
  }

  /**
   * Completes the grammar. The builder must not be used afterwards.
   *
   * @throws UserError if no text matches the grammar
   */
  public Grammar build(GrammarNode root) {
    boolean changed = true;
    while (changed) {
      changed = false;
      for (GrammarNode node : nodes) { // a node follows those that come after it, but for loops
        changed |= node.update();
      }
    }
    if (root.frames() >= GrammarNode.UNREACHABLE) {
      throw new UserError(
          "no value fits: the schema excludes every value, or requires endless nesting");
    }
    int deepest =
        nodes.stream()
            .mapToInt(GrammarNode::frames)
            .filter(n -> n < GrammarNode.UNREACHABLE)
            .max()
            .orElse(0);
    return new Grammar(root, deepest);
  }
}
