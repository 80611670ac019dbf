package dev.lora4j.lora;

/** How a merge can be taken back, and so what it keeps in memory for it. */
public enum Unmerging {
  /** Bit for bit, from a copy of each changed weight. */
  EXACT,

  /**
   * By taking the updates off again: no copy of an adapted weight is kept, and the weight comes
   * back up to rounding, which DoRA makes larger where a magnitude is near zero; one of exactly
   * zero is refused. What an adapter replaces outright is copied still.
   */
  BY_SUBTRACTION,

  /** Not at all: the fastest, and nothing is kept. */
  NEVER
}
