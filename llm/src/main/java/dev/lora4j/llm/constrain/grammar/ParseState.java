package dev.lora4j.llm.constrain.grammar;

import java.util.List;

/** The places of a grammar where a text so far can be. Immutable, with value equality. */
public final class ParseState {

  /** A place: a node that reads a byte or a special token, in a stack of calls. */
  record Place(GrammarNode node, StackFrame stack) {}

  private final List<Place> places;
  private final boolean complete;
  private final int hash;

  ParseState(List<Place> places, boolean complete) {
    this.places = places;
    this.complete = complete;
    hash = 2 * places.hashCode() + (complete ? 1 : 0);
  }

  List<Place> places() {
    return places;
  }

  /** Returns whether the text so far matches. */
  public boolean isComplete() {
    return complete;
  }

  /** Returns whether more can follow. */
  public boolean canContinue() {
    return !places.isEmpty();
  }

  /** Returns whether the text so far is not the beginning of a text that matches. */
  public boolean isDead() {
    return !complete && places.isEmpty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ParseState state
        && state.hash == hash
        && state.complete == complete
        && state.places.equals(places);
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
