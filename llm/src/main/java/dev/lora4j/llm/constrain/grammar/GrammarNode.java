package dev.lora4j.llm.constrain.grammar;

/** A state of a rule's automaton; the rest of the rule follows from it. */
public abstract sealed class GrammarNode
    permits ByteSwitch, Choice, GrammarNode.End, GrammarNode.RuleCall, GrammarNode.SpecialToken {
  /** More stack frames than any grammar needs: the end of the rule can't be reached. */
  static final int UNREACHABLE = 1 << 20;

  private static final int MAX_FRAMES = 64; // of nesting that a grammar requires

  private int frames = UNREACHABLE;

  GrammarNode() {}

  /** The fewest stack frames with which the end of the rule can be reached from here. */
  final int frames() {
    return frames;
  }

  /** Updates the number of frames from those of the next nodes; returns whether it has changed. */
  final boolean update() {
    int before = frames;
    int fewest = fewestFrames();
    frames = fewest > MAX_FRAMES ? UNREACHABLE : fewest;
    return frames != before;
  }

  abstract int fewestFrames();

  /** The end of a rule. */
  static final class End extends GrammarNode {
    @Override
    int fewestFrames() {
      return 0;
    }
  }

  /** A rule, and what follows it. A call at the end of a rule needs no stack frame. */
  static final class RuleCall extends GrammarNode {
    private final Rule rule;
    private final GrammarNode next;

    RuleCall(Rule rule, GrammarNode next) {
      this.rule = rule;
      this.next = next;
    }

    GrammarNode body() {
      return rule.body();
    }

    GrammarNode next() {
      return next;
    }

    boolean isTail() {
      return next instanceof End;
    }

    @Override
    int fewestFrames() {
      return Math.max(next.frames(), body().frames() + (isTail() ? 0 : 1));
    }
  }

  /** A special token, which no bytes can spell. */
  static final class SpecialToken extends GrammarNode {
    private final int id;
    private final GrammarNode next;

    SpecialToken(int id, GrammarNode next) {
      this.id = id;
      this.next = next;
    }

    int id() {
      return id;
    }

    GrammarNode next() {
      return next;
    }

    @Override
    int fewestFrames() {
      return next.frames();
    }
  }
}
