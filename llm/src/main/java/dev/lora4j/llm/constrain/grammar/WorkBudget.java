package dev.lora4j.llm.constrain.grammar;

import dev.lora4j.UserError;

/**
 * Bounds the work of one token mask, or of reading one text, during which other completions wait.
 */
final class WorkBudget {
  /** A few times what the masks of large schemas need: about a tenth of a second. */
  static final long LIMIT = 16_000_000;

  private long spent;

  /**
   * Spends some of the budget; a step in the trie of tokens costs 1.
   *
   * @throws UserError if nothing is left
   */
  void spend(long cost) {
    spent += cost;
    if (spent > LIMIT) {
      throw new UserError("the schema is too ambiguous: too many alternatives fit the same text");
    }
  }

  long spent() {
    return spent;
  }
}
