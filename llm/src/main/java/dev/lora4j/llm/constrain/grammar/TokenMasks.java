package dev.lora4j.llm.constrain.grammar;

import dev.lora4j.llm.constrain.grammar.ParseState.Place;
import dev.lora4j.llm.tokenizer.TokenTrie;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The token masks of a grammar's states, cached. The part of a mask that depends on a node alone is
 * computed once per node: tokens that stay within the node's rule. Tokens that leave it are
 * followed for each state. Thread-safe.
 */
public final class TokenMasks {
  private static final long MAX_CACHED_BYTES = 4 << 20;

  private final Grammar grammar;
  private final TokenTrie trie;
  private final Map<ParseState, StateMask> masks; // guarded by this
  private final Map<GrammarNode, WithinRule> withinRules; // guarded by this

  /**
   * The tokens that can follow a state, and the work to find them: for the state itself, and for
   * each of its nodes.
   */
  private record StateMask(TokenMask mask, long cost, Map<GrammarNode, Long> shared) {}

  /** The tokens that stay within a node's rule. */
  private static final class WithinRule {
    private final TokenMask mask;
    private final int[] exits; // trie nodes at which the rule can end
    private final int reach; // the most stack frames that the tokens need
    private final long cost;

    WithinRule(Walk walk) {
      mask = walk.mask;
      cost = walk.budget.spent();
      exits = walk.exits.build().toArray();
      reach = walk.parser.reach();
    }
  }

  public TokenMasks(Grammar grammar, TokenTrie trie) {
    this.grammar = grammar;
    this.trie = trie;
    int most = (int) Math.max(16, MAX_CACHED_BYTES / (1 + trie.vocabularySize() / 8));
    masks = leastRecentlyUsed(most / 2);
    withinRules = leastRecentlyUsed(most / 2);
  }

  private static <K, V> Map<K, V> leastRecentlyUsed(int most) {
    return new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {
      private static final long serialVersionUID = 1;

      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > most;
      }
    };
  }

  /** The grammar of the masks. */
  public Grammar grammar() {
    return grammar;
  }

  /**
   * Returns the tokens that can follow a state.
   *
   * @throws dev.lora4j.UserError if the grammar is too ambiguous there to be followed
   */
  public TokenMask of(ParseState state) {
    return known(state).mask();
  }

  /**
   * Returns the tokens that can follow a state of a text.
   *
   * @throws dev.lora4j.UserError if the grammar is too ambiguous there to be followed, or the masks
   *     of the text have taken too much work
   */
  public TokenMask of(ParseState state, TextBudget budget) {
    StateMask found = known(state);
    budget.spend(state, found.cost(), found.shared());
    return found.mask();
  }

  private synchronized StateMask known(ParseState state) {
    StateMask known = masks.get(state);
    if (known == null) {
      known = compute(state);
      masks.put(state, known);
    }
    return known;
  }

  private StateMask compute(ParseState state) {
    Walk walk = new Walk(grammar.maxDepth());
    Map<GrammarNode, Long> shared = new HashMap<>();
    for (Place place : state.places()) {
      if (place.node() instanceof GrammarNode.SpecialToken special) {
        walk.mask.allow(special.id());
      } else if (place.node() instanceof ByteSwitch node) {
        shared.put(node, addTokens(walk, node, place.stack()));
      }
    }
    long all = shared.values().stream().mapToLong(Long::longValue).sum();
    return new StateMask(walk.mask, Math.max(0, walk.budget.spent() - all), Map.copyOf(shared));
  }

  /** Adds the tokens of a node; returns the work that does not depend on the stack. */
  private long addTokens(Walk walk, ByteSwitch node, StackFrame stack) {
    WithinRule within = withinRule(node);
    walk.budget.spend(within.cost); // even if it was cached, so that the cache decides nothing
    if (stack.depth() + within.reach > grammar.maxDepth()) {
      walk.below(trie.root(), node, stack);
      return within.cost;
    }
    walk.mask.allowAll(within.mask);
    if (!stack.isBottom() && within.exits.length > 0) {
      ParseState after = walk.parser.enter(stack.returnTo(), stack.below());
      for (int exit : within.exits) {
        walk.at(exit, after);
      }
    }
    return within.cost;
  }

  private WithinRule withinRule(ByteSwitch node) {
    WithinRule known = withinRules.get(node);
    if (known == null) {
      Walk walk = new Walk(GrammarNode.UNREACHABLE - 1);
      walk.below(trie.root(), node, StackFrame.BOTTOM);
      known = new WithinRule(walk);
      withinRules.put(node, known);
    }
    return known;
  }

  /** A walk through the trie. */
  private final class Walk {
    private final WorkBudget budget = new WorkBudget();
    private final Parser parser;
    private final TokenMask mask = new TokenMask(trie.vocabularySize());
    private final IntStream.Builder exits = IntStream.builder();

    Walk(int maxDepth) {
      parser = new Parser(maxDepth, budget);
    }

    /** Follows the texts below a trie node while they stay at byte switches of one rule. */
    void below(int from, ByteSwitch at, StackFrame stack) {
      int end = trie.end(from);
      for (int child = from + 1; child < end; child = trie.end(child)) {
        budget.spend(1);
        GrammarNode next = at.next(trie.label(child));
        if (next instanceof ByteSwitch node) {
          if (parser.fits(node, stack)) {
            mask.allowAt(trie, child);
            below(child, node, stack);
          }
        } else if (next != null) {
          at(child, parser.enter(next, stack));
        }
      }
    }

    /** Allows the token at a trie node, and follows those below it. */
    void at(int node, ParseState state) {
      if (state.isDead()) {
        return;
      }
      mask.allowAt(trie, node);
      if (state.isComplete()) {
        exits.add(node);
      } else if (state.places().size() == 1
          && state.places().get(0).node() instanceof ByteSwitch only) {
        below(node, only, state.places().get(0).stack());
        return;
      }
      int end = trie.end(node);
      for (int child = node + 1; child < end; child = trie.end(child)) {
        budget.spend(state.places().size());
        at(child, parser.read(state, trie.label(child)));
      }
    }
  }
}
