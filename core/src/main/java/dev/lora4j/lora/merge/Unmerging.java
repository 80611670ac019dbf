package dev.lora4j.lora.merge;

/** The way a merge can be undone, which determines the memory that it keeps. */
public enum Unmerging {
  /** Restores each weight bit for bit from a copy. */
  EXACT,

  /**
   * Subtracts the deltas, without copies of adapted weights. Weights are restored up to rounding,
   * which is larger for DoRA with a magnitude near zero; a magnitude of exactly zero is refused.
   * Parameters that an adapter replaces as a whole are copied nevertheless.
   */
  BY_SUBTRACTION,

  /** Can't be undone; fastest, and keeps nothing. */
  NEVER
}
