package dev.lora4j.llm.constrain.grammar;

import dev.lora4j.llm.constrain.grammar.ParseState.Place;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Follows a grammar byte by byte. A place is dropped as soon as the rest of its rules no longer
 * fits into the maximum depth, so every place that is left leads to an end.
 */
final class Parser {
  /** Ambiguous grammars: further places are dropped, so the text keeps to the first ones. */
  private static final int MAX_PLACES = 256;

  private static final int VISIT_COST = 16; // of a node, in steps of a trie

  private final int maxDepth;
  private final WorkBudget budget;
  private final Deque<Place> pending = new ArrayDeque<>();
  private final Set<Place> passed = new HashSet<>();
  private Set<Place> found = new LinkedHashSet<>();
  private boolean complete;
  private int reach;

  Parser(int maxDepth, WorkBudget budget) {
    this.maxDepth = maxDepth;
    this.budget = budget;
  }

  /** The most stack frames that a place so far has needed, to its end. */
  int reach() {
    return reach;
  }

  /** Returns whether a node's rule can reach its end on this stack. */
  boolean fits(GrammarNode node, StackFrame stack) {
    int needed = stack.depth() + node.frames();
    if (needed > maxDepth) {
      return false;
    }
    reach = Math.max(reach, needed);
    return true;
  }

  /** Returns the state at a node. */
  ParseState enter(GrammarNode node, StackFrame stack) {
    follow(node, stack);
    return result();
  }

  ParseState read(ParseState state, int value) {
    for (Place place : state.places()) {
      if (place.node() instanceof ByteSwitch reader) {
        GrammarNode next = reader.next(value);
        if (next != null) {
          follow(next, place.stack());
        }
      }
    }
    return result();
  }

  ParseState readSpecial(ParseState state, int token) {
    for (Place place : state.places()) {
      if (place.node() instanceof GrammarNode.SpecialToken reader && reader.id() == token) {
        follow(reader.next(), place.stack());
      }
    }
    return result();
  }

  private ParseState result() {
    ParseState state = new ParseState(List.copyOf(found), complete);
    if (!found.isEmpty()) {
      found = new LinkedHashSet<>();
    }
    if (!passed.isEmpty()) {
      passed.clear();
    }
    complete = false;
    return state;
  }

  /** Finds the places that can be reached from a node without reading. */
  private void follow(GrammarNode node, StackFrame stack) {
    visit(node, stack);
    while (!pending.isEmpty()) {
      Place place = pending.pop();
      budget.spend(VISIT_COST);
      if (!passed.add(place)) {
        continue;
      }
      if (place.node() instanceof Choice choice) {
        List<GrammarNode> options = choice.options();
        for (int i = options.size() - 1; i >= 0; i--) { // the first one is popped first
          visitLater(options.get(i), place.stack());
        }
      } else if (place.node() instanceof GrammarNode.RuleCall call) {
        visitLater(
            call.body(),
            call.isTail() ? place.stack() : new StackFrame(call.next(), place.stack()));
      } else if (place.node() instanceof GrammarNode.End) {
        leave(place.stack());
      } else if (found.size() < MAX_PLACES) {
        found.add(place);
      }
    }
  }

  private void visit(GrammarNode node, StackFrame stack) {
    if (!fits(node, stack)) {
      return;
    }
    if (node instanceof ByteSwitch && pending.isEmpty()) {
      if (found.size() < MAX_PLACES) {
        found.add(new Place(node, stack));
      }
    } else {
      pending.push(new Place(node, stack));
    }
  }

  private void visitLater(GrammarNode node, StackFrame stack) {
    if (fits(node, stack)) {
      pending.push(new Place(node, stack));
    }
  }

  private void leave(StackFrame stack) {
    if (stack.isBottom()) {
      complete = true;
    } else {
      visitLater(stack.returnTo(), stack.below());
    }
  }
}
