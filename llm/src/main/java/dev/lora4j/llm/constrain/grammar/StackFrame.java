package dev.lora4j.llm.constrain.grammar;

/** The place to which a rule returns, on top of those of the rules that called it. */
final class StackFrame {
  /** The empty stack. */
  static final StackFrame BOTTOM = new StackFrame();

  private final GrammarNode returnTo;
  private final StackFrame below;
  private final int depth;
  private final int hash;

  private StackFrame() {
    returnTo = new GrammarNode.End();
    below = this;
    depth = 0;
    hash = 1;
  }

  StackFrame(GrammarNode returnTo, StackFrame below) {
    this.returnTo = returnTo;
    this.below = below;
    depth = below.depth + 1;
    hash = 31 * below.hash + System.identityHashCode(returnTo);
  }

  GrammarNode returnTo() {
    return returnTo;
  }

  StackFrame below() {
    return below;
  }

  int depth() {
    return depth;
  }

  boolean isBottom() {
    return depth == 0;
  }

  @Override
  public boolean equals(Object other) {
    if (!(other instanceof StackFrame frame) || frame.hash != hash || frame.depth != depth) {
      return false;
    }
    StackFrame a = this;
    StackFrame b = frame;
    while (a != b) { // both reach the bottom at the same time
      if (a.returnTo != b.returnTo) {
        return false;
      }
      a = a.below;
      b = b.below;
    }
    return true;
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
