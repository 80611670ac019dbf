package dev.lora4j.llm.constrain.schema;

import java.util.BitSet;

/** A set of code points. */
final class CharacterSet {
  private static final int SIZE = Character.MAX_CODE_POINT + 1;

  private final BitSet points = new BitSet();

  static CharacterSet of(int... points) {
    CharacterSet set = new CharacterSet();
    for (int point : points) {
      set.points.set(point);
    }
    return set;
  }

  static CharacterSet range(int from, int to) {
    CharacterSet set = new CharacterSet();
    set.points.set(from, to + 1);
    return set;
  }

  CharacterSet with(CharacterSet other) {
    CharacterSet union = new CharacterSet();
    union.points.or(points);
    union.points.or(other.points);
    return union;
  }

  CharacterSet complement() {
    CharacterSet rest = new CharacterSet();
    rest.points.or(points);
    rest.points.flip(0, SIZE);
    return rest;
  }

  /** Returns the only code point, or −1. */
  int single() {
    return points.cardinality() == 1 ? points.nextSetBit(0) : -1;
  }

  /** Calls an action with the first and the last code point of each run. */
  void forEachRun(RunAction action) {
    for (int from = points.nextSetBit(0); from >= 0; ) {
      int end = points.nextClearBit(from);
      action.run(from, end - 1);
      from = points.nextSetBit(end);
    }
  }

  /** An action on a run of code points. */
  interface RunAction {
    void run(int from, int to);
  }
}
