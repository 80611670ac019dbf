package dev.lora4j.llm.constrain.grammar;

/** A grammar over bytes. Immutable. Nesting is bounded. */
public final class Grammar {
  private static final int NESTING = 64;

  private final GrammarNode root;
  private final int maxDepth;

  /**
   * @param deepest the most stack frames that a node needs
   */
  Grammar(GrammarNode root, int deepest) {
    this.root = root;
    maxDepth = NESTING + deepest;
  }

  GrammarNode root() {
    return root;
  }

  /** The maximum number of stack frames. */
  int maxDepth() {
    return maxDepth;
  }

  /** Returns the state before the first byte. */
  public ParseState start() {
    return parser().enter(root, StackFrame.BOTTOM);
  }

  /** Returns the state after a byte; a dead one if the byte can't come here. */
  public ParseState read(ParseState state, int value) {
    return parser().read(state, value);
  }

  /** Returns the state after these bytes; a dead one if they can't come here. */
  public ParseState read(ParseState state, byte[] bytes) {
    Parser parser = parser();
    ParseState now = state;
    for (byte value : bytes) {
      now = parser.read(now, value & 0xff);
    }
    return now;
  }

  /** Returns the state after a special token; a dead one if it can't come here. */
  public ParseState readSpecial(ParseState state, int token) {
    return parser().readSpecial(state, token);
  }

  /** Returns whether a text in UTF-8 matches. */
  public boolean matches(byte[] text) {
    return read(start(), text).isComplete();
  }

  private Parser parser() {
    return new Parser(maxDepth, new WorkBudget());
  }
}
