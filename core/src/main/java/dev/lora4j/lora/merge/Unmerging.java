package dev.lora4j.lora.merge;

/** How a merge can be undone, which decides how much memory it keeps for that. */
public enum Unmerging {
  /** Restores each weight bit for bit, from a copy. */
  EXACT,

  /**
   * Subtracts the deltas, without copies of adapted weights. Weights are restored up to rounding,
   * which is larger for DoRA with a magnitude near zero; a magnitude of exactly zero is refused.
   * Parameters that an adapter replaces whole are copied nevertheless.
   */
  BY_SUBTRACTION,

  /** Can't be undone: the fastest, and nothing is kept. */
  NEVER
}
