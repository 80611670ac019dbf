package dev.lora4j.llm.constrain.grammar;

import dev.lora4j.UserError;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Bounds the work of all token masks of one text, during which other completions wait: about a
 * second, and a hundredth of a second more for each token. Masks that the text had a few tokens ago
 * are cached, and cost nothing again. The caches of other texts have no influence, so a text that
 * fails fails always. For one thread.
 */
public final class TextBudget {
  private static final long AT_FIRST = 10 * WorkBudget.LIMIT;
  private static final long PER_TOKEN = WorkBudget.LIMIT / 10;
  private static final int RECENT = 32;

  private final Map<ParseState, Boolean> states = recent();
  private final Map<GrammarNode, Boolean> nodes = recent();
  private long left;

  public TextBudget() {
    this(AT_FIRST);
  }

  TextBudget(long left) {
    this.left = left;
  }

  private static <K> Map<K, Boolean> recent() {
    return new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {
      private static final long serialVersionUID = 1;

      @Override
      protected boolean removeEldestEntry(Map.Entry<K, Boolean> eldest) {
        return size() > RECENT;
      }
    };
  }

  /** Adds the share of one more token. */
  public void addToken() {
    left += PER_TOKEN;
  }

  /**
   * Spends the work of a state's mask.
   *
   * @param own the work for the state itself
   * @param shared the work for each of its nodes, which other states share
   * @throws UserError if nothing is left
   */
  void spend(ParseState state, long own, Map<GrammarNode, Long> shared) {
    if (states.put(state, true) == null) {
      left -= own;
    }
    shared.forEach(
        (node, cost) -> {
          if (nodes.put(node, true) == null) {
            left -= cost;
          }
        });
    if (left < 0) {
      throw new UserError(
          "the schema is too complex for an answer of this length: its token masks take too long");
    }
  }
}
